/** Sentences on their way to the kernel: in pieces whose words are looked up together, then in batches of known words. */

import type { Key } from "../../index.d.ts";
import type { Sentences } from "../../models.d.ts";
import { coded, shown, type Vocabulary } from "./core.js";

/** Words that are looked up at once. */
export const LOOKED_UP = 65_536;

/** Sentences one behind the other. */
export interface Batch {
  words: Uint32Array;
  starts: Uint32Array;
}

/** Words of a number of sentences, and where those end. */
export interface Piece {
  words: Key[];
  ends: number[];
}

/** Sentences as they come, as many as make some number of words. */
export async function* pieces(sentences: Sentences): AsyncGenerator<Piece> {
  if (
    typeof sentences !== "object" ||
    sentences === null ||
    !(Symbol.iterator in sentences || Symbol.asyncIterator in sentences)
  )
    throw coded("ERR_WRONG_CLASS", `sentences must be iterable, but are ${shown(sentences)}`);
  let piece: Piece = { words: [], ends: [] };
  let number = 0;
  for await (const sentence of sentences) {
    if (!Array.isArray(sentence)) {
      throw coded("ERR_WRONG_CLASS", `sentences[${number}] must be an array of words, but is ${shown(sentence)}`);
    }
    for (const word of sentence) piece.words.push(word);
    piece.ends.push(piece.words.length);
    number += 1;
    if (piece.words.length >= LOOKED_UP) {
      yield piece;
      piece = { words: [], ends: [] };
    }
  }
  if (piece.words.length > 0) yield piece;
}

/** Batches of known words: sentences as far as they go together into `most` words; a longer one is cut. */
export async function* batches(sentences: Sentences, vocabulary: Vocabulary, most: number): AsyncGenerator<Batch> {
  for await (const { words, ends } of pieces(sentences)) {
    const rows = vocabulary.lookup(words);
    let [length, start] = [0, 0];
    let starts = [0];
    let first = 0;
    for (const end of ends) {
      const sentence = length;
      for (let at = start; at < end; at++) {
        const row = rows[at] ?? 0;
        if (row > 0) rows[length++] = row - 1;
      }
      start = end;
      // The sentences before this one are a batch if it does not go in with them.
      if (length - first > most && sentence > first) {
        yield { words: rows.slice(first, sentence), starts: Uint32Array.from(starts) };
        first = sentence;
        starts = [0];
      }
      for (; length - first > most; first += most)
        yield { words: rows.slice(first, first + most), starts: Uint32Array.of(0, most) };
      if (length - first > (starts.at(-1) ?? 0)) starts.push(length - first);
    }
    if (length > first) yield { words: rows.slice(first, length), starts: Uint32Array.from(starts) };
  }
}
