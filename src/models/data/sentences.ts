/** Sentences of a text, a line each, words between spaces. A line may be as long as the text: its words are passed on as they come. */

import type { LongCallOptions, Source } from "../../../index.d.ts";
import { coded } from "../../errors.js";
import { UnzippedReader } from "../../files/unzipped.js";
import { checkOptions } from "../../formats/files.js";
import { joined, linesIn, utf8, withoutMark } from "./bytes.js";
import { againUnlessStream, NOT_UTF8, nameOf } from "./lines.js";
import { dataError } from "./reader.js";

/** Words of a sentence; a longer line is several. */
const MOST_WORDS = 10_000;
/** Bytes of a word. */
const MOST_WORD = 1 << 16;
const BLOCK = 1 << 17;
/** The spaces of ASCII that can be in a line. */
const SPACES = /[ \t\v\f\r]+/;

/** See models.d.ts. */
export function readSentences(source: Source, options: LongCallOptions = {}): AsyncIterable<string[]> {
  checkOptions(options, []);
  return { [Symbol.asyncIterator]: againUnlessStream(source, () => sentencesOf(source, options)) };
}

async function* sentencesOf(source: Source, options: LongCallOptions): AsyncGenerator<string[], void> {
  let words: string[] = [];
  for await (const text of textsOf(source, options)) {
    for (const [position, part] of text.split("\n").entries()) {
      if (position > 0 && words.length > 0) {
        yield words;
        words = [];
      }
      for (const word of part.split(SPACES)) {
        if (word === "") continue;
        words.push(word);
        if (words.length < MOST_WORDS) continue;
        yield words;
        words = [];
      }
    }
  }
  if (words.length > 0) yield words;
}

/** A text in pieces that end between words. */
async function* textsOf(source: Source, options: LongCallOptions): AsyncGenerator<string, void> {
  const name = nameOf(source);
  const reader = await UnzippedReader.open(source, name, options);
  try {
    let held = new Uint8Array();
    for (let line = 1, isFirst = true; ; ) {
      const bytes = await reader.upTo(BLOCK);
      const isLast = bytes.length === 0;
      if (isLast && isFirst && held.length === 0) throw coded("ERR_DATA", `${name} is empty`);
      const end = bytes.findLastIndex(isSpace) + 1;
      const whole = joined(held, bytes.subarray(0, end));
      held = bytes.slice(end);
      if (end === 0 && !isLast) {
        held = joined(whole, held).slice();
        if (held.length > MOST_WORD) throw dataError(name, line, `a word is longer than ${MOST_WORD} bytes`);
        continue;
      }
      const text = utf8(whole);
      if (text === undefined) {
        const position = linesIn(whole).findIndex((bytes) => utf8(bytes) === undefined);
        throw dataError(name, line + position, NOT_UTF8);
      }
      yield isFirst ? withoutMark(text) : text;
      if (isLast) return;
      for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) line++;
      isFirst = false;
    }
  } finally {
    await reader.close();
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
