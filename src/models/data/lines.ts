/**
 * A text's lines, some thousand at a time: unzipped, decoded and counted. A line that cannot be read is passed on as one, so that a reader can leave it out
 * and go on.
 */

import type { LongCallOptions, Source } from "../../../index.d.ts";
import { coded } from "../../errors.js";
import { tagOf } from "../../files/runtime.js";
import { UnzippedReader } from "../../files/unzipped.js";
import { joined, LINE_FEED, latin1, linesIn, utf8, withoutMark } from "./bytes.js";

/** Bytes a line may have. */
export const MOST_LINE = 1 << 22;
/** Bytes that are decoded at a time. */
const BLOCK = 1 << 17;
const TOO_LONG = `the line is longer than ${MOST_LINE} bytes`;
/** What is wrong with a line of other bytes. */
export const NOT_UTF8 = "the line is not UTF-8";
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

export type Encoding = "utf-8" | "latin1";

/** What is read, and how it is to be read. */
export interface TextFile extends LongCallOptions {
  source: Source;
  /** What errors call it. */
  name: string;
  encoding: Encoding;
}

/** Lines that follow each other, without their line feeds. */
export interface LineBlock {
  /** The first line's number, counted from 1. */
  first: number;
  lines: readonly string[];
  /** What is wrong with the lines that cannot be read, by their number. Their text is what can be read of them, or empty. */
  unreadable: ReadonlyMap<number, string>;
}

/** What errors call a source. */
export function nameOf(source: Source): string {
  if (typeof source === "string") return source;
  const tag = tagOf(source);
  if (tag === "URL") return String(source);
  return tag === "File" ? (source as File).name : `the ${tag}`;
}

export function isStream(source: Source): boolean {
  return tagOf(source) === "ReadableStream";
}

/** `open`, but only once if it opens a stream. */
export function againUnlessStream<Result>(source: Source, open: () => Result): () => Result {
  let opened = false;
  return () => {
    if (opened && isStream(source)) {
      throw coded(
        "ERR_OPTION_VALUE",
        "source is a stream, which can be read only once; pass a path, a Blob or bytes to read it again",
      );
    }
    opened = true;
    return open();
  };
}

/**
 * The lines of a file, which is closed however the iteration ends. A byte order mark is left out, and so is the last line if it is empty.
 * @throws Error `ERR_DATA` if the file is empty or a damaged gzip, and what the source does.
 */
export async function* linesOf(file: TextFile): AsyncGenerator<LineBlock, void> {
  const reader = await UnzippedReader.open(file.source, file.name, file);
  try {
    const cutter = new Cutter(file.encoding);
    for (let isEmpty = true; ; isEmpty = false) {
      const bytes = await reader.upTo(BLOCK);
      const isLast = bytes.length === 0;
      if (isEmpty && isLast) throw coded("ERR_DATA", `${file.name} is empty`);
      const block = isLast ? cutter.rest() : cutter.cut(bytes);
      if (block !== undefined) yield block;
      if (isLast) return;
    }
  } finally {
    await reader.close();
  }
}

/** Cuts bytes into blocks of whole lines. */
class Cutter {
  readonly #decode: (bytes: Uint8Array) => string | undefined;
  /** Lines before the next block. */
  #passed = 0;
  /** Bytes of a line whose end is not there yet. */
  #held = new Uint8Array();
  /** Whether what follows belongs to a line that was too long and is passed on already. */
  #tooLong = false;

  constructor(encoding: Encoding) {
    this.#decode = encoding === "latin1" ? latin1 : utf8;
  }

  /** The lines that end in `bytes`, if there are any. */
  cut(bytes: Uint8Array): LineBlock | undefined {
    let start = 0;
    if (this.#tooLong) {
      start = bytes.indexOf(LINE_FEED) + 1;
      if (start === 0) return undefined;
      this.#tooLong = false;
    }
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    if (end <= start) {
      this.#held = joined(this.#held, bytes.subarray(start)).slice();
      if (this.#held.length <= MOST_LINE) return undefined;
      this.#held = new Uint8Array();
      this.#tooLong = true;
      return this.#numbered([""], [[0, TOO_LONG]]);
    }
    // Of the others none is longer than what is read at a time.
    const isTooLong = this.#held.length + bytes.indexOf(LINE_FEED, start) - start > MOST_LINE;
    const whole = joined(this.#held, bytes.subarray(start, end - 1));
    this.#held = bytes.slice(end);
    return this.#block(whole, isTooLong);
  }

  /** The last line, if it has no line feed. */
  rest(): LineBlock | undefined {
    return this.#held.length === 0 ? undefined : this.#block(this.#held, false);
  }

  #block(bytes: Uint8Array, isFirstTooLong: boolean): LineBlock {
    const text = this.#decode(bytes);
    if (text !== undefined && !isFirstTooLong) return this.#numbered(text.split("\n"), []);
    const unreadable: [number, string][] = [];
    const lines = linesIn(bytes).map((line, position) => {
      const text = this.#decode(line);
      if (position === 0 && isFirstTooLong) unreadable.push([position, TOO_LONG]);
      else if (text === undefined) unreadable.push([position, NOT_UTF8]);
      return text ?? lenient.decode(line);
    });
    return this.#numbered(lines, unreadable);
  }

  /** @param unreadable By positions in `lines`. */
  #numbered(lines: string[], unreadable: [position: number, what: string][]): LineBlock {
    const first = this.#passed + 1;
    if (first === 1) lines[0] = withoutMark(lines[0] ?? "");
    this.#passed += lines.length;
    return { first, lines, unreadable: new Map(unreadable.map(([position, what]) => [first + position, what])) };
  }
}
