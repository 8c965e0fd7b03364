/** NumPy's `.npy`: a header that is a line of Python, then the numbers. The format: numpy/lib/_format_impl.py. */

import type { NpyArray, ReadOptions, Rows, WriteOptions } from "../../formats.d.ts";
import type { Source, Target } from "../../index.d.ts";
import { coded, shown } from "../errors.js";
import type { Reader } from "../files/source.js";
import { checkOptions, reading, writing } from "./files.js";
import { bytesOf, checkShape, NUMBER_TYPES, piecesOf, readNumbers, type Selection, selected } from "./weights.js";

/** What every file begins with: `\x93NUMPY`. */
const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
/** Where numbers begin is a multiple of this. */
const ALIGNMENT = 64;
const MOST_HEADER = 1 << 16;
const TYPES = new Map([
  ["<f2", NUMBER_TYPES.F16],
  ["<f4", NUMBER_TYPES.F32],
  ["<f8", NUMBER_TYPES.F64],
]);

export async function writeNpy(table: Rows, target?: Target, options: WriteOptions = {}): Promise<Blob | undefined> {
  checkOptions(options, ["ids"]);
  const selection = selected(table, options.ids);
  const header = headerOf(selection.count, table.dim);
  return writing(target, chunksOf(header, selection), options, header.length + 4 * selection.count * table.dim);
}

function* chunksOf(header: Uint8Array<ArrayBuffer>, selection: Selection): Generator<Uint8Array<ArrayBuffer>> {
  yield header;
  for (const { weights } of piecesOf(selection)) yield bytesOf(weights);
}

/** Version 1.0: magic, version, a uint16 of the header's length, the header. */
function headerOf(rows: number, dim: number): Uint8Array<ArrayBuffer> {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dim}), }`;
  const start = MAGIC.length + 4;
  const end = Math.ceil((start + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = new Uint8Array(end);
  header.set(MAGIC);
  header.set([1, 0, (end - start) & 0xff, (end - start) >> 8], MAGIC.length);
  header.set(new TextEncoder().encode(`${text.padEnd(end - start - 1)}\n`), start);
  return header;
}

export async function readNpy(source: Source, options: ReadOptions = {}): Promise<NpyArray> {
  checkOptions(options, []);
  return reading(source, options, async (reader) => {
    const { type, rows, dim } = described(await headerText(reader));
    return { rows, dim, weights: await readNumbers(reader, rows, dim, type, "the array") };
  });
}

/** The header of a file of any version. */
async function headerText(reader: Reader): Promise<string> {
  const start = await reader.read(8, "the start of an .npy file");
  if (!MAGIC.every((byte, i) => byte === start[i])) {
    throw coded("ERR_FILE_FORMAT", "not an .npy file: it does not begin with \\x93NUMPY");
  }
  const version = start[6] ?? 0;
  if (version < 1 || version > 3) {
    throw coded("ERR_FILE_FORMAT", `the .npy file has version ${version}, and 1 to 3 are known`);
  }
  const field = await reader.read(version === 1 ? 2 : 4, "the length of the header");
  const length = field.reduceRight((sum, byte) => 256 * sum + byte, 0);
  if (length > MOST_HEADER) {
    throw coded("ERR_FILE_FORMAT", `the header would have ${length} bytes, and ${MOST_HEADER} at most are taken`);
  }
  return new TextDecoder().decode(await reader.read(length, "the header"));
}

/** What a header says of the array. */
function described(header: string) {
  const descr = field(header, "descr", /'descr':\s*('[^']*'|\[)/);
  const type = TYPES.get(descr.replaceAll("'", ""));
  if (type === undefined) {
    throw coded(
      "ERR_FILE_FORMAT",
      `the array is of ${descr === "[" ? "several fields" : descr}, and float32, float64 and float16 ('<f4', '<f8', '<f2') are taken: convert it with astype("<f4")`,
    );
  }
  if (field(header, "fortran_order", /'fortran_order':\s*(True|False)/) === "True") {
    throw coded("ERR_FILE_FORMAT", "the array is in Fortran order; save numpy.ascontiguousarray of it");
  }
  const shape = field(header, "shape", /'shape':\s*(\([\d, ]*\))/);
  const [rows, dim, more] = shape.match(/\d+/g)?.map(Number) ?? [];
  if (rows === undefined || dim === undefined || more !== undefined) {
    throw coded("ERR_FILE_FORMAT", `the array has shape ${shape}, and two dimensions are needed, rows and dim`);
  }
  checkShape(rows, dim);
  return { type, rows, dim };
}

/** What a pattern finds in the dictionary that a header is. */
function field(header: string, key: string, pattern: RegExp): string {
  const [, found] = header.startsWith("{") ? (pattern.exec(header) ?? []) : [];
  if (found === undefined) {
    throw coded("ERR_FILE_FORMAT", `the header has no ${key} that can be read: ${shown(header.trim().slice(0, 200))}`);
  }
  return found;
}
