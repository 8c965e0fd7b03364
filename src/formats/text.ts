/**
 * Lines of a key and its numbers, as word2vec's text and GloVe's files have them. Numbers are written with the fewest digits that read as the
 * same float32.
 */

import { coded, shown } from "../errors.js";
import { DECIMAL } from "../files/decimal.js";
import type { Reader } from "../files/source.js";
import { piecesOf, type Selection } from "./weights.js";

/** Bytes a line may have: 65,536 numbers and a key. */
const MOST_LINE = 1 << 22;
const LINE_FEED = 0x0a;
// A byte order mark may be a key's.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A line, and where it is. */
export interface Line {
  number: number;
  text: string;
}

/** A file's lines, without what ends them and without space before that: the original word2vec and fastText write one after each number. */
export async function* linesOf(reader: Reader): AsyncGenerator<Line> {
  for (let number = 1; ; number++) {
    const bytes = await reader.through(LINE_FEED, MOST_LINE, `line ${number}`);
    if (bytes.length === 0) return;
    let text: string;
    try {
      text = utf8.decode(bytes);
    } catch (cause) {
      throw coded("ERR_FILE_FORMAT", `line ${number} is not UTF-8`, { cause });
    }
    yield { number, text: trimmed(text) };
  }
}

/** A line without its end. Not by a pattern, which takes the square of a line's length if all of it is spaces. */
function trimmed(text: string): string {
  let end = text.length;
  while (end > 0 && " \r\n".includes(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** A line's key and fields, of which the last `dim` are numbers: keys with spaces are in some files, such as glove.840B. */
export function splitLine({ number, text }: Line, dim: number): { key: string; fields: string[] } {
  const fields = text.split(" ");
  if (fields.length <= dim) {
    throw coded(
      "ERR_FILE_FORMAT",
      `line ${number} has ${fields.length} fields, where a key and ${dim} numbers should be`,
    );
  }
  const key = fields.splice(0, fields.length - dim).join(" ");
  return { key, fields };
}

/** Reads numbers into `into`. */
export function parseNumbers(line: Line, fields: readonly string[], into: Float32Array): void {
  for (let i = 0; i < into.length; i++) into[i] = parsed(fields[i] ?? "", line);
}

const NOT_FINITE = /^([-+]?)(?:(inf(?:inity)?)|nan)$/i;

function parsed(field: string, line: Line): number {
  if (DECIMAL.test(field)) return Number(field);
  const [found, sign, infinity] = NOT_FINITE.exec(field) ?? [];
  if (found === undefined) {
    throw coded("ERR_FILE_FORMAT", `line ${line.number} has ${shown(field.slice(0, 100))}, where a number should be`);
  }
  if (infinity === undefined) return Number.NaN;
  return sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** Lines of rows and their keys, some at a time, as bytes. */
export function* textOf(selection: Selection, keys: Iterable<string>): Generator<Uint8Array<ArrayBuffer>> {
  const { dim } = selection.table;
  const encoder = new TextEncoder();
  const named = keysOf(keys, selection.count);
  for (const { weights } of piecesOf(selection)) {
    // A piece is a second's work: lines are passed on when there are some.
    let text = "";
    for (let at = 0; at < weights.length; at += dim) {
      text += named();
      for (const weight of weights.subarray(at, at + dim)) text += ` ${shortest(weight)}`;
      text += "\n";
      if (text.length < 1 << 15) continue;
      yield encoder.encode(text);
      text = "";
    }
    if (text !== "") yield encoder.encode(text);
  }
  named.end();
}

/** Any float32 of 6 digits is itself again from them, but below this float32s have fewer digits. */
const SMALLEST_NORMAL = 2 ** -126;
/** Powers of ten that are exact float64s, from 0 on. */
const EXACT_POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** The shortest decimal that reads as this float32: with 6 digits, or 7, 8 or 9, which always do. */
export function shortest(weight: number): string {
  if (Number.isInteger(weight) && Math.abs(weight) < 1e6) return Object.is(weight, -0) ? "-0" : String(weight);
  if (!Number.isFinite(weight)) return String(weight).replace("Infinity", "inf").toLowerCase();
  const size = Math.abs(weight);
  const places = 5 - Math.floor(Math.log10(size));
  for (let digits = size < SMALLEST_NORMAL ? 1 : 6; digits < 9; digits++) {
    const power = EXACT_POWERS[places + digits - 6];
    // An integer by an exact power is what reading the digits gives, at a tenth of the time.
    const decimal = power === undefined ? Number(weight.toPrecision(digits)) : Math.round(weight * power) / power;
    if (Math.fround(decimal) === weight) return String(decimal);
  }
  return String(Number(weight.toPrecision(9)));
}

/** Keys one by one, checked: there are `count`, and each is a word that readers take for one. */
export function keysOf(keys: Iterable<string>, count: number): { (): string; end(): void } {
  if (typeof keys === "string" || typeof keys?.[Symbol.iterator] !== "function") {
    throw coded("ERR_WRONG_CLASS", `keys must be an array or another iterable of strings, but is ${shown(keys)}`);
  }
  const iterator = keys[Symbol.iterator]();
  let position = 0;
  const next = (): string => {
    const { done, value: key } = iterator.next();
    if (done) throw coded("ERR_WRONG_LENGTH", `keys must be ${count}, one a row, but are ${position}`);
    if (typeof key !== "string" || key === "" || /[ \t\r\n]|\p{Surrogate}/u.test(key)) {
      throw coded(
        "ERR_OPTION_VALUE",
        `keys[${position}] must be a word without spaces or half surrogates, but is ${shown(key)}`,
      );
    }
    position++;
    return key;
  };
  const end = (): void => {
    if (!iterator.next().done) throw coded("ERR_WRONG_LENGTH", `keys must be ${count}, one a row, but are more`);
  };
  return Object.assign(next, { end });
}
