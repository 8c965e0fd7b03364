/** Weights in safetensors files, where PyTorch's models keep theirs: that of `nn.Embedding(rows, dim)` is a tensor of rows x dim. */

import type { Rows, SafetensorsReadOptions, SafetensorsWriteOptions, Weights } from "../../formats.d.ts";
import type { Source, Target } from "../../index.d.ts";
import { coded, shown } from "../errors.js";
import { headerOf, type PlacedTensor, readHeader } from "../files/safetensors.js";
import { checkOptions, reading, writing } from "./files.js";
import { bytesOf, checkShape, NUMBER_TYPES, type NumberType, piecesOf, readNumbers, selected } from "./weights.js";

/** Bytes that are passed over at a time. */
const PIECE = 1 << 20;
/** Tensors that a message names. */
const MOST_NAMED = 30;
const TYPES: ReadonlyMap<string, NumberType> = new Map(Object.entries(NUMBER_TYPES));

export async function writeSafetensors(
  table: Rows,
  target?: Target,
  options: SafetensorsWriteOptions = {},
): Promise<Blob | undefined> {
  checkOptions(options, ["ids", "tensor"]);
  const { tensor = "weight" } = options;
  if (typeof tensor !== "string" || tensor === "__metadata__") {
    throw coded("ERR_OPTION_VALUE", `tensor must be a name, but is ${shown(tensor)}`);
  }
  const selection = selected(table, options.ids);
  const header = headerOf([{ name: tensor, dtype: "F32", shape: [selection.count, table.dim] }]);
  function* chunks(): Generator<Uint8Array<ArrayBuffer>> {
    yield header;
    for (const { weights } of piecesOf(selection)) yield bytesOf(weights);
  }
  return writing(target, chunks(), options, header.length + 4 * selection.count * table.dim);
}

export async function readSafetensors(source: Source, options: SafetensorsReadOptions = {}): Promise<Weights> {
  checkOptions(options, ["tensor"]);
  return reading(source, options, async (reader) => {
    const { tensors } = await readHeader(reader);
    const { name, shape, begin, type } = chosen(tensors, options.tensor);
    const [rows = 0, dim = 0] = shape;
    checkShape(rows, dim);
    for (let left = begin; left > 0; left -= Math.min(PIECE, left)) {
      await reader.read(Math.min(PIECE, left), "a tensor before it");
    }
    return { rows, dim, weights: await readNumbers(reader, rows, dim, type, `tensor ${shown(name)}`) };
  });
}

/** The tensor of this name, or the only one that can be meant. */
function chosen(tensors: readonly PlacedTensor[], name: string | undefined): PlacedTensor & { type: NumberType } {
  const fitting = tensors.flatMap((tensor) => {
    const type = TYPES.get(tensor.dtype);
    return type !== undefined && tensor.shape.length === 2 ? [{ ...tensor, type }] : [];
  });
  const [only, another] = fitting.filter((tensor) => name === undefined || tensor.name === name);
  if (only !== undefined && another === undefined) return only;
  if (name !== undefined) {
    throw coded(
      "ERR_OPTION_VALUE",
      `tensor is ${shown(name)}, and must be one of two dimensions and of ${[...TYPES.keys()].join(", ")}; there are ${described(tensors)}`,
    );
  }
  if (another === undefined) {
    throw coded("ERR_FILE_FORMAT", `no tensor has two dimensions of floats; there are ${described(tensors)}`);
  }
  throw coded("ERR_MISSING_OPTION", `tensor is required, as several may be meant: ${described(fitting)}`);
}

/** Tensors for a message, which has room for some. */
function described(tensors: readonly PlacedTensor[]): string {
  if (tensors.length === 0) return "none";
  const some = tensors.slice(0, MOST_NAMED).map(({ name, dtype, shape }) => {
    return `${shown(name.slice(0, 100))} (${dtype}, ${shape.join(" x ")})`;
  });
  const others = tensors.length - some.length;
  return some.join(", ") + (others > 0 ? ` and ${others} more` : "");
}
