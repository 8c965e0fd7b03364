/** What the factorization machine and DeepFM have in common: how they are trained and asked, and saved. */

import type { Backend, Key, LongCallOptions, Target } from "../../index.d.ts";
import type {
  Machine as Contract,
  Data,
  Examples,
  FitOptions,
  History,
  MachineOptions,
  Metrics,
} from "../../models.d.ts";
import type { Description, Saving } from "../checkpoint.js";
import type { Cells, KernelMachine } from "../kernel.js";
import {
  attempt,
  become,
  becomeVocabulary,
  beforeStep,
  bind,
  chooseKernel,
  coded,
  type EmbeddingTable,
  isObject,
  newArray,
  savingOf,
  savingVocabulary,
  shown,
  toRead,
  type Vocabulary,
  writeCheckpoint,
} from "./core.js";
import type { Fields } from "./fields.js";
import { cloned, Interior, kernelFor, namedTables, type Settings, type Tables } from "./machine-parts.js";
import { metricsOf } from "./metrics.js";
import { Gatherer, type Prepared, prepared, weightOf } from "./prepared.js";
import { checkData, isExamples, type Kept, type Trainee, train } from "./training.js";

/** Examples that are predicted at once. */
const PIECE = 8192;

/** See models.d.ts. */
export abstract class Machine implements Contract {
  readonly #fields: Fields;
  readonly #kernel: KernelMachine;
  readonly #vocabulary: Vocabulary | undefined;
  #settings: Settings;
  readonly #tables: Tables;
  /** What the intercept becomes with the first step, if nobody gave it and there are labels to tell. */
  #firstIntercept: number | undefined;
  #training = false;

  constructor(options: MachineOptions, create: () => Interior) {
    const interior = options instanceof Interior ? options : create();
    this.#settings = interior.settings;
    this.#fields = interior.fields;
    this.#tables = interior.tables;
    this.#vocabulary = interior.vocabulary;
    this.#kernel = interior.kernel;
  }

  get vectors(): EmbeddingTable {
    return this.#tables.vectors;
  }

  get biases(): EmbeddingTable {
    return this.#tables.biases;
  }

  /** The network's, if there is one. */
  protected get networkLayers(): readonly EmbeddingTable[] {
    return this.#tables.layers;
  }

  get vocabulary(): Vocabulary | undefined {
    return this.#vocabulary;
  }

  get intercept(): number {
    return this.#settings.intercept ?? Number.NaN;
  }

  get loss(): "logistic" | "squared" {
    return this.#settings.loss;
  }

  get backend(): Backend {
    return this.vectors.backend;
  }

  async fit(data: Data, options: FitOptions = {}): Promise<History> {
    this.#checkIdle();
    this.#training = true;
    try {
      return await train(this.#trainee(), data, options);
    } finally {
      this.#training = false;
    }
  }

  partialFit(examples: Examples): number {
    this.#checkIdle();
    const batch = this.#prepare(examples);
    if (batch.count === 0) return Number.NaN;
    this.#begin(batch.labels, batch.weights);
    return this.#step(batch) / weightOf(batch);
  }

  predict(examples: Pick<Examples, "columns">): Float32Array {
    if (!isObject(examples)) throw coded("ERR_WRONG_CLASS", `examples must be an object, but is ${shown(examples)}`);
    const { count, cells } = this.#fields.encode(this.#fields.read(examples.columns), this.#lookUp());
    return this.#predict(count, cells);
  }

  async evaluate(data: Data): Promise<Metrics> {
    checkData(data);
    if (isExamples(data)) return this.#evaluate(data);
    const parts: Judged[] = [];
    for await (const piece of data) parts.push(this.#judge(piece));
    return this.#metrics(joined(parts));
  }

  rowsOf(field: string, values: Uint32Array | Int32Array | readonly Key[]): Uint32Array {
    return this.#fields.rowsOf(field, values, this.#lookUp());
  }

  save(target?: undefined, options?: LongCallOptions): Promise<Blob>;
  save(target: Target, options?: LongCallOptions): Promise<void>;
  async save(target?: Target, options: LongCallOptions = {}): Promise<unknown> {
    this.#checkIdle();
    const members = new Map<string, Saving | Description>([["model", { ...this.#settings }]]);
    for (const [name, table] of namedTables(this.#tables)) members.set(name, savingOf(table));
    if (this.#vocabulary !== undefined) {
      members.set("vocabulary", savingVocabulary(this.#vocabulary, ["vectors", "biases"]));
    }
    return writeCheckpoint(target, members, options);
  }

  clone(): this {
    const vocabulary = this.#vocabulary?.clone();
    const tables = cloned(this.#tables);
    if (vocabulary !== undefined) bind(vocabulary, [tables.vectors, tables.biases]);
    const interior = new Interior(
      this.#settings,
      this.#fields,
      tables,
      vocabulary,
      kernelFor(this.#settings, this.#fields, tables),
    );
    const Class = this.constructor as new (interior: unknown) => this;
    return new Class(interior);
  }

  fingerprint(): string {
    const prints = this.#list().map((table) => table.fingerprint());
    if (this.#vocabulary !== undefined) prints.push(this.#vocabulary.fingerprint());
    return chooseKernel(this.backend.kind).kernel.digest([this.intercept, ...prints].join(" "));
  }

  dispose(): void {
    for (const table of this.#list()) table.dispose();
    this.#vocabulary?.dispose();
    this.#kernel.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #trainee(): Trainee {
    const { seed } = this.#settings;
    return {
      width: this.#fields.count,
      seed,
      keysChange: this.#vocabulary !== undefined && changes(this.#vocabulary),
      begin: (labels, weights) => this.#begin(labels, weights),
      check: (examples) => this.#check(examples),
      prepare: (examples) => this.#prepare(examples),
      step: (batch) => this.#step(batch),
      evaluate: (examples) => this.#evaluate(examples),
      keep: () => this.#keep(),
    };
  }

  /** Takes the constant part of predictions from the first labels there are, if nobody gave it. */
  #begin(labels: ArrayLike<number>, weights: Float32Array | undefined): void {
    if (this.#settings.intercept === null) this.#firstIntercept = interceptFrom(labels, weights, this.loss);
  }

  /** Refuses what is wrong with examples, before anything changes; gives their number. */
  #check(examples: Examples): number {
    const none = (keys: string[]): Uint32Array => new Uint32Array(keys.length);
    return prepared(examples, this.#fields, this.loss, this.#vocabulary && none).count;
  }

  #prepare(examples: Examples): Prepared {
    const vocabulary = this.#vocabulary;
    return prepared(examples, this.#fields, this.loss, vocabulary && ((keys) => vocabulary.rows(keys)));
  }

  #step({ cells, labels, weights }: Prepared): number {
    const tables = this.#list().map(beforeStep);
    const intercept = this.#settings.intercept ?? this.#firstIntercept;
    const loss = attempt(() => this.#kernel.step(tables, intercept ?? 0, cells, labels, weights));
    if (intercept !== undefined && this.#settings.intercept === null) this.#settings = { ...this.#settings, intercept };
    return loss;
  }

  /** Predictions, piece by piece: the kernel has the rows of all that it is given side by side. */
  #predict(count: number, cells: Cells): Float32Array {
    const [out, labels] = [newArray(Float32Array, count), new Float32Array(0)];
    const tables = this.#list().map(toRead);
    const gatherer = new Gatherer(this.#fields.count);
    for (let start = 0; start < count; start += PIECE) {
      const end = Math.min(start + PIECE, count);
      const piece = gatherer.take({ count, cells, labels, weights: undefined }, start, end).cells;
      attempt(() => this.#kernel.predict(tables, this.#interceptOr0(), piece, out.subarray(start, end)));
    }
    return out;
  }

  #evaluate(examples: Examples): Metrics {
    return this.#metrics(this.#judge(examples));
  }

  /** Predictions beside what came true, and how often each example's rarest row was trained on. */
  #judge(examples: Examples): Judged {
    const { cells, labels, weights, count } = prepared(examples, this.#fields, this.loss, this.#lookUp());
    const predictions = this.#predict(count, cells);
    const width = this.#fields.count;
    const tallies = this.vectors.tallies(cells.ids);
    const counts = new Float64Array(count);
    for (let example = 0; example < count; example++) {
      const from = cells.offsets?.[example * width] ?? example * width;
      const to = cells.offsets?.[(example + 1) * width] ?? (example + 1) * width;
      let least = Number.POSITIVE_INFINITY;
      for (let at = from; at < to; at++) least = Math.min(least, tallies[at] ?? 0);
      counts[example] = from === to ? 0 : least;
    }
    return { predictions, labels, weights, counts };
  }

  #metrics({ predictions, labels, weights, counts }: Judged): Metrics {
    return metricsOf(predictions, labels, { loss: this.loss, counts, ...(weights && { weights }) });
  }

  #keep(): Kept {
    const copies = namedTables(cloned(this.#tables)).map(([, table]) => table);
    const vocabulary = this.#vocabulary?.clone();
    return {
      restore: () => {
        for (const [number, table] of this.#list().entries()) become(table, copies[number] as EmbeddingTable);
        if (this.#vocabulary !== undefined && vocabulary !== undefined) becomeVocabulary(this.#vocabulary, vocabulary);
      },
      drop: () => {
        for (const copy of copies) copy.dispose();
        vocabulary?.dispose();
      },
    };
  }

  #lookUp(): ((keys: string[]) => Uint32Array) | undefined {
    const vocabulary = this.#vocabulary;
    return vocabulary && ((keys) => vocabulary.lookup(keys));
  }

  #list(): EmbeddingTable[] {
    return namedTables(this.#tables).map(([, table]) => table);
  }

  #interceptOr0(): number {
    return this.#settings.intercept ?? 0;
  }

  #checkIdle(): void {
    if (this.#training)
      throw coded("ERR_TRAINING", "the model is being trained and cannot change meanwhile: await fit()");
  }
}

/** Predictions beside what came true. */
interface Judged {
  predictions: Float32Array;
  labels: Float32Array;
  weights: Float32Array | undefined;
  counts: Float64Array;
}

function joined(parts: readonly Judged[]): Judged {
  const count = parts.reduce((sum, { labels }) => sum + labels.length, 0);
  const all = {
    predictions: new Float32Array(count),
    labels: new Float32Array(count),
    counts: new Float64Array(count),
  };
  const weights = parts.some((part) => part.weights !== undefined) ? new Float32Array(count).fill(1) : undefined;
  let at = 0;
  for (const part of parts) {
    all.predictions.set(part.predictions, at);
    all.labels.set(part.labels, at);
    all.counts.set(part.counts, at);
    if (part.weights !== undefined) weights?.set(part.weights, at);
    at += part.labels.length;
  }
  return { ...all, weights };
}

/** Whether it depends on more than the keys so far which row a key has: those that are refused may have one later, others may lose theirs. */
function changes(vocabulary: Vocabulary): boolean {
  const { admission, eviction } = savingVocabulary(vocabulary, []).description;
  return admission !== "all" || eviction !== "none";
}

/** Log-odds or mean of labels. Where all are equal, half a label of the other kind is added. Labels that weigh nothing tell nothing. */
function interceptFrom(
  labels: ArrayLike<number>,
  weights: Float32Array | undefined,
  loss: "logistic" | "squared",
): number | undefined {
  let sum = 0;
  let weight = 0;
  for (let example = 0; example < labels.length; example++) {
    const own = weights === undefined ? 1 : (weights[example] as number);
    sum += own * Math.fround(labels[example] as number);
    weight += own;
  }
  if (weight === 0) return undefined;
  if (loss === "squared") return sum / weight;
  const [positive, negative] = [sum, weight - sum].map((part) => Math.max(part, 0.5)) as [number, number];
  return Math.log(positive / negative);
}
