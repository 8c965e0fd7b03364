/**
 * The files of word2vec and of GloVe. Both of word2vec's begin with a line of rows and dim; in the binary one a row is its key, a space, float32s and perhaps a
 * line feed, in the text one a line. GloVe's is text without the first line.
 */

import type {
  GloveReadOptions,
  KeyedWeights,
  Rows,
  Word2vecReadOptions,
  Word2vecWriteOptions,
  WriteOptions,
} from "../../formats.d.ts";
import type { Source, Target } from "../../index.d.ts";
import { coded, shown } from "../errors.js";
import type { Reader } from "../files/source.js";
import { integer, MOST_DIM } from "../options.js";
import { checkOptions, reading, writing } from "./files.js";
import { keysOf, type Line, linesOf, parseNumbers, splitLine, textOf } from "./text.js";
import { bytesOf, Collected, checkShape, NUMBER_TYPES, piecesOf, type Selection, selected } from "./weights.js";

const SPACE = 0x20;
const LINE_FEED = 0x0a;
/** Bytes a key, or a binary file's first line, may have. */
const MOST_KEY = 1 << 16;
/** Rows and dim. */
const FIRST_LINE = /^(\d+) (\d+)$/;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export async function writeWord2vec(
  table: Rows,
  keys: Iterable<string>,
  target?: Target,
  options: Word2vecWriteOptions = {},
): Promise<Blob | undefined> {
  checkOptions(options, ["ids", "binary"]);
  const selection = selected(table, options.ids);
  const rows = isBinary(options) ? binaryOf : textOf;
  function* chunks(): Generator<Uint8Array<ArrayBuffer>> {
    yield new TextEncoder().encode(`${selection.count} ${table.dim}\n`);
    yield* rows(selection, keys);
  }
  return writing(target, chunks(), options);
}

export async function writeGlove(
  table: Rows,
  keys: Iterable<string>,
  target?: Target,
  options: WriteOptions = {},
): Promise<Blob | undefined> {
  checkOptions(options, ["ids"]);
  return writing(target, textOf(selected(table, options.ids), keys), options);
}

function* binaryOf(selection: Selection, keys: Iterable<string>): Generator<Uint8Array<ArrayBuffer>> {
  const { dim } = selection.table;
  const encoder = new TextEncoder();
  const named = keysOf(keys, selection.count);
  for (const { weights } of piecesOf(selection)) {
    const names = Array.from({ length: weights.length / dim }, () => encoder.encode(`${named()} `));
    const chunk = new Uint8Array(names.reduce((sum, name) => sum + name.length + 4 * dim + 1, 0));
    let at = 0;
    for (const [row, name] of names.entries()) {
      chunk.set(name, at);
      chunk.set(bytesOf(weights.subarray(row * dim, (row + 1) * dim)), at + name.length);
      at += name.length + 4 * dim;
      chunk[at++] = LINE_FEED;
    }
    yield chunk;
  }
  named.end();
}

export async function readWord2vec(source: Source, options: Word2vecReadOptions = {}): Promise<KeyedWeights> {
  checkOptions(options, ["binary"]);
  const binary = isBinary(options);
  return reading(source, options, (reader) => (binary ? readBinary(reader) : readText(reader)));
}

export async function readGlove(source: Source, options: GloveReadOptions = {}): Promise<KeyedWeights> {
  checkOptions(options, ["dim"]);
  const dim = options.dim === undefined ? undefined : integer("dim", options.dim, 1, MOST_DIM);
  return reading(source, options, async (reader) => {
    const keyed = new Keyed(dim);
    for await (const line of linesOf(reader)) keyed.add(line);
    if (keyed.keys.length === 0) throw coded("ERR_FILE_FORMAT", "the file has no line");
    return keyed.finished();
  });
}

async function readText(reader: Reader): Promise<KeyedWeights> {
  let [rows, dim] = [0, 0];
  let keyed: Keyed | undefined;
  for await (const line of linesOf(reader)) {
    if (keyed === undefined) {
      [rows, dim] = shapeIn(line.text);
      keyed = new Keyed(dim);
    } else if (keyed.keys.length < rows) keyed.add(line);
    else if (line.text !== "") throw coded("ERR_FILE_FORMAT", `line ${line.number} is one more than ${rows} rows`);
  }
  if (keyed === undefined || keyed.keys.length < rows) {
    throw coded("ERR_FILE_FORMAT", `the file ends after ${keyed?.keys.length ?? 0} rows of ${rows}`);
  }
  return keyed.finished();
}

async function readBinary(reader: Reader): Promise<KeyedWeights> {
  const first = await reader.through(LINE_FEED, MOST_KEY, "the line of rows and dim");
  const [rows, dim] = shapeIn(new TextDecoder().decode(first).trim());
  const keys: string[] = [];
  const collected = new Collected();
  while (keys.length < rows) {
    const what = `row ${keys.length} of ${rows}`;
    const key = keyIn(await reader.through(SPACE, MOST_KEY, `the key of ${what}`), what, reader.position);
    const bytes = await reader.read(4 * dim, what);
    NUMBER_TYPES.F32.decode(bytes, collected.next(dim));
    keys.push(key);
  }
  return { keys, rows, dim, weights: collected.finished() };
}

/** The key in what ends with the space after it. A line feed may end the row before. */
function keyIn(bytes: Uint8Array, what: string, end: number): string {
  if (bytes.at(-1) !== SPACE) throw coded("ERR_FILE_FORMAT", `the file ends at byte ${end}, where ${what} should be`);
  try {
    return utf8.decode(bytes.subarray(bytes[0] === LINE_FEED ? 1 : 0, -1));
  } catch (cause) {
    throw coded("ERR_FILE_FORMAT", `the key of ${what}, which ends at byte ${end}, is not UTF-8`, { cause });
  }
}

/** Rows and dim in a file's first line. */
function shapeIn(text: string): [rows: number, dim: number] {
  const [, rows, dim] = FIRST_LINE.exec(text) ?? [];
  if (rows === undefined || dim === undefined) {
    throw coded(
      "ERR_FILE_FORMAT",
      `line 1 should have the numbers of rows and of numbers a row, but is ${shown(text.slice(0, 100))}; GloVe's files have no such line: use readGlove`,
    );
  }
  checkShape(Number(rows), Number(dim));
  return [Number(rows), Number(dim)];
}

/** Keys and numbers that come line by line. */
class Keyed {
  readonly keys: string[] = [];
  readonly #collected = new Collected();
  #dim: number | undefined;

  /** @param dim Without one, as many as the first line has after its first field. */
  constructor(dim: number | undefined) {
    this.#dim = dim;
  }

  add(line: Line): void {
    if (this.#dim === undefined) {
      if (FIRST_LINE.test(line.text)) {
        throw coded(
          "ERR_FILE_FORMAT",
          `line 1 is "${line.text}", as word2vec's files begin: use readWord2vec, or give dim`,
        );
      }
      const dim = line.text.split(" ").length - 1;
      checkShape(1, dim);
      this.#dim = dim;
    }
    const { key, fields } = splitLine(line, this.#dim);
    parseNumbers(line, fields, this.#collected.next(this.#dim));
    this.keys.push(key);
  }

  finished(): KeyedWeights {
    const { keys } = this;
    return { keys, rows: keys.length, dim: this.#dim ?? 0, weights: this.#collected.finished() };
  }
}

function isBinary({ binary = false }: Word2vecReadOptions | Word2vecWriteOptions): boolean {
  if (typeof binary !== "boolean")
    throw coded("ERR_OPTION_VALUE", `binary must be true or false, but is ${shown(binary)}`);
  return binary;
}
