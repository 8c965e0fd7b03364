/** Skip-gram as users see it: counts words, feeds the kernel with sentences, answers questions about words. */

import type {
  Backend,
  Key,
  LoadOptions,
  LongCallOptions,
  Optimizer,
  Source,
  TableOptions,
  Target,
} from "../../index.d.ts";
import type { SkipGram as Contract, Sentences, SkipGramOptions, SkipGramProgress } from "../../models.d.ts";
import { writeWord2vec } from "../formats/word2vec.js";
import {
  attempt,
  beforeStep,
  checkNames,
  checkWaiting,
  chooseKernel,
  coded,
  EmbeddingTable,
  integer,
  Vocabulary,
} from "./core.js";
import { loaded, saved } from "./saved-skip-gram.js";
import { type Batch, batches, LOOKED_UP, pieces } from "./sentences.js";
import { checkedSettings, Interior, kernelFor, type Settings, type Words } from "./skip-gram-parts.js";
import { Report } from "./skip-gram-report.js";

const FIT_OPTIONS = ["epochs", "signal", "onProgress"];
/** See docs/results.md. */
const RULE: Optimizer = { type: "tallygrad", lr: 0.1 };
type TableGiven = Pick<TableOptions, "optimizer" | "backend" | "threads">;

/** See models.d.ts. */
export class SkipGram implements Contract {
  readonly #settings: Settings;
  readonly #given: TableGiven;
  #words: Words | undefined;
  #training = false;
  #disposed = false;
  /** Vectors of length 1, as of a step. */
  #directions: { step: number; rows: Float32Array } | undefined;

  constructor(options: SkipGramOptions = {}) {
    if (options instanceof Interior) {
      this.#settings = options.settings;
      this.#given = {};
      this.#words = options.words;
      return;
    }
    this.#settings = checkedSettings(options);
    const { optimizer = RULE, backend, threads } = options;
    this.#given = { optimizer, ...(backend && { backend }), ...(threads && { threads }) };
    // What is wrong with options is said now, and not when words have been counted.
    new EmbeddingTable({ rows: 1, dim: this.#settings.dim, ...this.#given }).dispose();
  }

  get vectors(): EmbeddingTable {
    return this.#counted().vectors;
  }

  get contexts(): EmbeddingTable {
    return this.#counted().contexts;
  }

  get words(): readonly Key[] {
    const { vocabulary, counts } = this.#counted();
    return Array.from(counts, (_, row) => vocabulary.key(row + 1) as Key);
  }

  get counts(): Float64Array {
    return this.#counted().counts.slice();
  }

  get backend(): Backend {
    return this.#counted().vectors.backend;
  }

  async fit(
    sentences: Sentences,
    options: {
      epochs?: number;
      signal?: AbortSignal | undefined;
      onProgress?: (progress: SkipGramProgress) => void;
    } = {},
  ): Promise<{ words: number; rate: number; training: { words: number; loss: number }[] }> {
    const { epochs = 5, ...waiting } = checkNames("options", options, FIT_OPTIONS);
    integer("epochs", epochs, 1, Number.MAX_SAFE_INTEGER);
    const { signal, onProgress } = waiting;
    checkWaiting({ signal, onProgress: onProgress as (() => void) | undefined });
    this.#checkIdle();
    this.#training = true;
    try {
      const report = new Report(epochs, onProgress);
      this.#words ??= await this.#count(sentences, report, signal);
      const words = this.#words;
      report.total = words.counts.reduce((sum, count) => sum + count, 0);
      const before = words.place;
      for (let epoch = 1; epoch <= epochs; epoch++) {
        report.begin(epoch);
        const start = words.place;
        for await (const batch of batches(sentences, words.vocabulary, this.#settings.batchWords)) {
          signal?.throwIfAborted();
          report.add(batch.words.length, this.#step(words, batch));
          await report.pause();
        }
        if (words.place === start) {
          throw coded(
            "ERR_OPTION_VALUE",
            "sentences have no words, or can be iterated but once: give something that can be iterated several times",
          );
        }
      }
      return report.finish(words.place - before);
    } finally {
      this.#training = false;
    }
  }

  vector(word: Key): Float32Array | undefined {
    const { vocabulary, vectors } = this.#counted();
    const [row = 0] = vocabulary.lookup([word]);
    return row === 0 ? undefined : vectors.lookup([row - 1]);
  }

  similarity(a: Key, b: Key): number {
    const [one, other] = [this.vector(a), this.vector(b)];
    if (one === undefined || other === undefined) return Number.NaN;
    return (
      dot(one, 0, other, 0, one.length) /
      Math.sqrt(dot(one, 0, one, 0, one.length) * dot(other, 0, other, 0, one.length))
    );
  }

  neighbors(word: Key, k = 10): { word: Key; similarity: number }[] {
    integer("k", k, 1, Number.MAX_SAFE_INTEGER);
    const { vocabulary, counts } = this.#counted();
    const own = (vocabulary.lookup([word])[0] ?? 0) - 1;
    if (own < 0) return [];
    const [directions, dim] = [this.#unitVectors(), this.#settings.dim];
    const best: { row: number; similarity: number }[] = [];
    for (let row = 0; row < counts.length; row++) {
      const similarity = dot(directions, own * dim, directions, row * dim, dim);
      if (row === own || (best.length === k && similarity <= (best.at(-1)?.similarity ?? 0))) continue;
      const place = best.findIndex((other) => other.similarity < similarity);
      best.splice(place < 0 ? best.length : place, 0, { row, similarity });
      if (best.length > k) best.pop();
    }
    return best.map(({ row, similarity }) => ({ word: vocabulary.key(row + 1) as Key, similarity }));
  }

  writeWord2vec(target?: undefined, options?: LongCallOptions & { binary?: boolean }): Promise<Blob>;
  writeWord2vec(target: Target, options?: LongCallOptions & { binary?: boolean }): Promise<void>;
  async writeWord2vec(target?: Target, options: LongCallOptions & { binary?: boolean } = {}): Promise<unknown> {
    return writeWord2vec(this.vectors, this.words.map(String), target, options);
  }

  save(target?: undefined, options?: LongCallOptions): Promise<Blob>;
  save(target: Target, options?: LongCallOptions): Promise<void>;
  async save(target?: Target, options: LongCallOptions = {}): Promise<unknown> {
    this.#checkIdle();
    return await saved(this.#settings, this.#counted(), target, options);
  }

  static async load(source: Source, options: Omit<LoadOptions, "schedule"> = {}): Promise<SkipGram> {
    const interior: unknown = await loaded(source, options);
    return new SkipGram(interior as SkipGramOptions);
  }

  fingerprint(): string {
    const { vectors, contexts, place } = this.#counted();
    const { kernel } = chooseKernel(vectors.backend.kind);
    return kernel.digest([place, vectors.fingerprint(), contexts.fingerprint()].join(" "));
  }

  dispose(): void {
    this.#disposed = true;
    this.#directions = undefined;
    const words = this.#words;
    for (const held of [words?.vectors, words?.contexts, words?.vocabulary, words?.kernel]) held?.dispose();
    this.#words = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #step(words: Words, { words: ids, starts }: Batch): number[] {
    const tables = [words.vectors, words.contexts].map(beforeStep);
    const outcome = attempt(() => words.kernel.step(tables, ids, starts, words.place));
    words.place += ids.length;
    return outcome;
  }

  /** Counts all words, and makes tables for those that are frequent enough. */
  async #count(sentences: Sentences, report: Report, signal: AbortSignal | undefined): Promise<Words> {
    const { minCount, dim, seed } = this.#settings;
    const { backend } = this.#given;
    using all = new Vocabulary({ capacity: 2 * LOOKED_UP, ...(backend && { backend }) });
    let counts = new Float64Array(all.capacity);
    for await (const { words } of pieces(sentences)) {
      signal?.throwIfAborted();
      if (all.capacity - all.size < words.length + 1) all.grow(Math.min(4 * all.capacity, 2 ** 32 - 1));
      const rows = all.rows(words);
      if (counts.length < all.capacity) counts = enlarged(counts, all.capacity);
      for (const row of rows) counts[row] = (counts[row] ?? 0) + 1;
      report.add(words.length, []);
      await report.pause();
    }
    const rows = Array.from({ length: all.size }, (_, word) => word + 1).filter(
      (row) => (counts[row] ?? 0) >= minCount,
    );
    rows.sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || a - b);
    if (rows.length < 2) {
      throw coded(
        "ERR_OPTION_VALUE",
        `sentences must have at least 2 words that occur ${minCount} times (minCount), but have ${rows.length}`,
      );
    }
    const words = rows.map((row) => all.key(row) as Key);
    const vocabulary = new Vocabulary({ capacity: words.length + 1, ...(backend && { backend }) });
    vocabulary.rows(words);
    const kept = Float64Array.from(rows, (row) => counts[row] ?? 0);
    const same = { rows: words.length, dim, seed, ...this.#given };
    // As word2vec begins: short vectors, and contexts that say nothing yet.
    const vectors = new EmbeddingTable({ ...same, init: { type: "uniform", scale: 0.5 / dim } });
    const contexts = new EmbeddingTable({ ...same, init: { type: "zeros" } });
    return { vocabulary, counts: kept, vectors, contexts, kernel: kernelFor(this.#settings, kept, vectors), place: 0 };
  }

  #unitVectors(): Float32Array {
    const { vectors } = this.#counted();
    const { step, dim, rows } = vectors;
    if (this.#directions?.step === step) return this.#directions.rows;
    const all = vectors.lookup(Uint32Array.from({ length: rows }, (_, row) => row));
    for (let at = 0; at < all.length; at += dim) {
      const length = Math.sqrt(dot(all, at, all, at, dim)) || 1;
      for (let d = at; d < at + dim; d++) all[d] = (all[d] ?? 0) / length;
    }
    this.#directions = { step, rows: all };
    return all;
  }

  #counted(): Words {
    if (this.#disposed) throw coded("ERR_DISPOSED", "the model has been disposed");
    if (this.#words === undefined)
      throw coded("ERR_NOT_TRAINED", "the model knows no words before fit() has counted them");
    return this.#words;
  }

  #checkIdle(): void {
    if (this.#disposed) throw coded("ERR_DISPOSED", "the model has been disposed");
    if (this.#training)
      throw coded("ERR_TRAINING", "the model is being trained and cannot change meanwhile: await fit()");
  }
}

function enlarged(numbers: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(length);
  larger.set(numbers);
  return larger;
}

function dot(a: Float32Array, aStart: number, b: Float32Array, bStart: number, length: number): number {
  let sum = 0;
  for (let at = 0; at < length; at++) sum += (a[aStart + at] ?? 0) * (b[bStart + at] ?? 0);
  return sum;
}
