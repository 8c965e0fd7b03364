/** Rows as record batches of Apache Arrow, made by the caller's own apache-arrow: this package has no dependency. */

import type { ArrowModule, ArrowOptions, Rows } from "../../formats.d.ts";
import { coded, shown } from "../errors.js";
import { checkNames } from "../options.js";
import { piecesOf, selected } from "./weights.js";

/** What is used of apache-arrow. Its types are for those who write them out. */
type Made = object;
interface Arrow {
  makeData(properties: object): Made;
  Field: new (name: string, type: Made, nullable: boolean) => Made;
  Float32: new () => Made;
  Utf8: new () => Made;
  FixedSizeList: new (length: number, item: Made) => Made;
  Struct: new (fields: readonly Made[]) => Made;
  Schema: new (fields: readonly Made[]) => Made;
  RecordBatch: new (schema: Made, data: Made) => Made;
}
const USED = ["makeData", "Field", "Float32", "Utf8", "FixedSizeList", "Struct", "Schema", "RecordBatch"] as const;

export function* arrowBatches<Module extends ArrowModule>(
  arrow: Module,
  table: Rows,
  options: ArrowOptions = {},
): Generator<InstanceType<Module["RecordBatch"]>> {
  const library = checked(arrow);
  checkNames("options", options, ["ids", "keys"]);
  const { dim } = table;
  const selection = selected(table, options.ids);
  const keys = options.keys?.[Symbol.iterator]();

  const vector = new library.FixedSizeList(dim, new library.Field("item", new library.Float32(), false));
  const fields = [new library.Field("vector", vector, false)];
  if (keys !== undefined) fields.unshift(new library.Field("key", new library.Utf8(), false));
  const [schema, struct] = [new library.Schema(fields), new library.Struct(fields)];

  for (const { first, weights } of piecesOf(selection)) {
    const length = weights.length / dim;
    // A batch keeps its numbers.
    const numbers = library.makeData({ type: new library.Float32(), length: weights.length, data: weights.slice() });
    const children = [library.makeData({ type: vector, length, nullCount: 0, child: numbers })];
    if (keys !== undefined) children.unshift(keyColumn(library, nextKeys(keys, first, length, selection.count)));
    const data = library.makeData({ type: struct, length, nullCount: 0, children });
    yield new library.RecordBatch(schema, data) as InstanceType<Module["RecordBatch"]>;
  }
  if (keys?.next().done === false) {
    throw coded("ERR_WRONG_LENGTH", `keys must be ${selection.count}, one a row, but are more`);
  }
}

function checked(arrow: ArrowModule): Arrow {
  const missing = USED.find((name) => typeof Reflect.get(Object(arrow), name) !== "function");
  if (missing !== undefined) {
    throw coded("ERR_WRONG_CLASS", `arrow must be the module apache-arrow, but is ${shown(arrow)} without ${missing}`);
  }
  return arrow as unknown as Arrow;
}

/** The next `length` keys. Any string may be one. */
function nextKeys(keys: Iterator<string>, first: number, length: number, count: number): string[] {
  return Array.from({ length }, (_, row) => {
    const { done, value: key } = keys.next();
    if (done) throw coded("ERR_WRONG_LENGTH", `keys must be ${count}, one a row, but are ${first + row}`);
    if (typeof key !== "string")
      throw coded("ERR_WRONG_CLASS", `keys[${first + row}] must be a string, but is ${shown(key)}`);
    return key;
  });
}

/** A column of strings: where each begins in the bytes of all, and once more where the last ends. */
function keyColumn(library: Arrow, keys: readonly string[]): Made {
  const encoder = new TextEncoder();
  const encoded = keys.map((key) => encoder.encode(key));
  const valueOffsets = new Int32Array(keys.length + 1);
  for (const [i, bytes] of encoded.entries()) valueOffsets[i + 1] = (valueOffsets[i] ?? 0) + bytes.length;
  const data = new Uint8Array(valueOffsets.at(-1) ?? 0);
  for (const [i, bytes] of encoded.entries()) data.set(bytes, valueOffsets[i]);
  return library.makeData({ type: new library.Utf8(), length: keys.length, nullCount: 0, valueOffsets, data });
}
