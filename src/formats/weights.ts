/**
 * What all formats share: a table's rows in pieces, on their way out, and numbers of other widths made float32, on their way in. Memory is a piece at a time, and
 * what is read; nothing is allocated for numbers that a file merely claims to have.
 */

import type { RowIds, Rows } from "../../formats.d.ts";
import { idBits, newArray } from "../arguments.js";
import { coded, shown } from "../errors.js";
import type { Reader } from "../files/source.js";
import { MOST_DIM } from "../options.js";

/** Bytes of a piece. */
const PIECE = 1 << 20;
/** Rows of a piece at most: what is done for each takes time as well. */
const PIECE_ROWS = 1 << 14;
/** Numbers there is room for at first, where their number is a claim or unknown. */
const FIRST_ROOM = 1 << 16;

/** Which rows are written, as a kernel takes them, and how many. */
export interface Selection {
  table: Rows;
  count: number;
  ids: Uint32Array | undefined;
}

/** Rows of a table that were asked for: all of them, or `ids`. */
export function selected(table: Rows, ids: RowIds | undefined): Selection {
  if (typeof table?.lookup !== "function" || !Number.isInteger(table.rows) || !(table.dim > 0)) {
    throw coded("ERR_WRONG_CLASS", `table must have rows, dim and lookup, but is ${shown(table)}`);
  }
  const bits = ids === undefined ? undefined : idBits(ids, table.rows);
  return { table, count: bits?.length ?? table.rows, ids: bits };
}

/** Rows' weights piece by piece, in two arrays by turns, with the place of a piece's first row. */
export function* piecesOf({
  table,
  count,
  ids,
}: Selection): Generator<{ first: number; weights: Float32Array<ArrayBuffer> }> {
  const { dim, step } = table;
  const most = Math.max(1, Math.min(count, PIECE_ROWS, Math.floor(PIECE / 4 / dim)));
  const buffers = [new Float32Array(most * dim), new Float32Array(most * dim)];
  for (let [first, piece] = [0, 0]; first < count; first += most, piece++) {
    if (table.step !== step) {
      throw coded("ERR_TABLE_CHANGED", `the table took a step while it was written, after row ${first} of ${count}`);
    }
    const rows = Math.min(most, count - first);
    const chosen = ids?.subarray(first, first + rows) ?? Uint32Array.from({ length: rows }, (_, row) => first + row);
    const weights = (buffers[piece % 2] ?? new Float32Array()).subarray(0, rows * dim);
    table.lookup(chosen, weights);
    yield { first, weights };
  }
}

/** The bytes of numbers, which are little-endian as in all the formats: so is every machine that runs JavaScript. */
export function bytesOf(numbers: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

/** Numbers that come one after the other, in memory that grows with what has come. */
export class Collected {
  #numbers: Float32Array<ArrayBuffer>;
  #length = 0;

  /** @param sure How many will come, where it is known and not only claimed. */
  constructor(sure?: number) {
    this.#numbers = newArray(Float32Array, sure ?? FIRST_ROOM) as Float32Array<ArrayBuffer>;
  }

  get length(): number {
    return this.#length;
  }

  /** Room for the next `count` numbers. */
  next(count: number): Float32Array<ArrayBuffer> {
    const end = this.#length + count;
    if (end > this.#numbers.length) {
      const grown = newArray(Float32Array, Math.max(end, 2 * this.#numbers.length)) as Float32Array<ArrayBuffer>;
      grown.set(this.#numbers.subarray(0, this.#length));
      this.#numbers = grown;
    }
    const room = this.#numbers.subarray(this.#length, end);
    this.#length = end;
    return room;
  }

  /** All that came, without the room for more. */
  finished(): Float32Array<ArrayBuffer> {
    return this.#length === this.#numbers.length ? this.#numbers : this.#numbers.slice(0, this.#length);
  }
}

/** A type of numbers in files: its width, and how its bytes become float32. */
export interface NumberType {
  bytes: number;
  decode(bytes: Uint8Array<ArrayBuffer>, into: Float32Array<ArrayBuffer>): void;
}

/** Number types by the names that safetensors has for them. */
export const NUMBER_TYPES = {
  F32: { bytes: 4, decode: (bytes, into) => bytesOf(into).set(bytes) },
  F64: {
    bytes: 8,
    decode: (bytes, into) => into.set(new Float64Array(bytes.slice().buffer)),
  },
  F16: { bytes: 2, decode: (bytes, into) => widen(bytes, into, bitsOfHalf) },
  // The upper half of a float32.
  BF16: { bytes: 2, decode: (bytes, into) => widen(bytes, into, (bits) => bits << 16) },
} satisfies Record<string, NumberType>;

function widen(
  bytes: Uint8Array<ArrayBuffer>,
  into: Float32Array<ArrayBuffer>,
  bitsOf: (bits: number) => number,
): void {
  const wide = new Uint32Array(into.buffer, into.byteOffset, into.length);
  const narrow = new Uint16Array(bytes.slice().buffer);
  for (let i = 0; i < wide.length; i++) wide[i] = bitsOf(narrow[i] ?? 0);
}

const subnormal = new Float32Array(1);
const subnormalBits = new Int32Array(subnormal.buffer);

/** The bits of an IEEE half as a float32. */
function bitsOfHalf(half: number): number {
  const [sign, exponent, fraction] = [(half & 0x8000) << 16, (half >> 10) & 31, half & 1023];
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  subnormal[0] = fraction * 2 ** -24;
  return sign | (subnormalBits[0] ?? 0);
}

/**
 * The next `rows * dim` numbers of a file.
 * @param what They are, for errors.
 */
export async function readNumbers(
  reader: Reader,
  rows: number,
  dim: number,
  type: NumberType,
  what: string,
): Promise<Float32Array<ArrayBuffer>> {
  const count = rows * dim;
  const { size, position } = reader;
  if (size !== undefined && count * type.bytes > size - position) {
    throw coded(
      "ERR_FILE_FORMAT",
      `${what} should have ${rows} x ${dim} numbers of ${type.bytes} bytes from byte ${position} on, but the file ends at byte ${size}`,
    );
  }
  const collected = new Collected(size === undefined ? undefined : count);
  while (collected.length < count) {
    const numbers = Math.min(PIECE / type.bytes, count - collected.length);
    const bytes = await reader.read(numbers * type.bytes, what);
    type.decode(bytes, collected.next(numbers));
  }
  return collected.finished();
}

/** Checks a file's claim of rows and dim against what tables can have. */
export function checkShape(rows: number, dim: number): void {
  if (
    !(Number.isInteger(rows) && rows >= 1 && rows < 2 ** 32 && Number.isInteger(dim) && dim >= 1 && dim <= MOST_DIM)
  ) {
    throw coded(
      "ERR_FILE_FORMAT",
      `the file has ${rows} rows of ${dim} numbers, and tables have 1 to 4294967295 rows of 1 to ${MOST_DIM}`,
    );
  }
}
