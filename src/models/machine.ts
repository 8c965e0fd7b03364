/** What the factorization machine and DeepFM have in common: tables, how they are trained and asked, and the file that they are saved to. */

import type {
  Backend,
  Init,
  Key,
  LoadOptions,
  LongCallOptions,
  Optimizer,
  Source,
  TableOptions,
  Target,
} from "../../index.d.ts";
import type {
  Machine as Contract,
  Data,
  DeepFMOptions,
  Examples,
  FitOptions,
  History,
  MachineOptions,
  Metrics,
} from "../../models.d.ts";
import type { Description, Loading, Saving } from "../checkpoint.js";
import type { Cells, KernelMachine } from "../kernel.js";
import {
  attempt,
  beforeStep,
  bind,
  checkNames,
  checkPlace,
  checkWaiting,
  choice,
  chooseKernel,
  coded,
  EmbeddingTable,
  integer,
  isObject,
  loadingOf,
  loadingVocabulary,
  newArray,
  readCheckpoint,
  savingOf,
  savingVocabulary,
  shown,
  toRead,
  Vocabulary,
  writeCheckpoint,
} from "./core.js";
import { Fields } from "./fields.js";
import { metricsOf } from "./metrics.js";
import { Gatherer, type Prepared, prepared, weightOf } from "./prepared.js";
import { isExamples, type Kept, type Trainee, train } from "./training.js";

/** Everything that a machine is. In place of options it makes one around what is there already. */
export class Interior {
  constructor(
    readonly settings: Settings,
    readonly fields: Fields,
    readonly tables: Tables,
    readonly vocabulary: Vocabulary | undefined,
    readonly kernel: KernelMachine,
  ) {}
}

/** What is saved of a machine besides its tables. */
export interface Settings {
  kind: "factorization-machine" | "deep-fm";
  fields: MachineOptions["fields"];
  loss: "logistic" | "squared";
  /** `null` before it is known. */
  intercept: number | null;
  seed: number;
  hidden: readonly number[];
}

interface Tables {
  vectors: EmbeddingTable;
  biases: EmbeddingTable;
  layers: readonly EmbeddingTable[];
}

const OPTIONS = [
  ...["fields", "dim", "optimizer", "schedule", "vocabulary", "loss", "intercept", "init", "seed", "dtype", "rounding"],
  ...["backend", "threads"],
];
const DEFAULT_DIM = 16;
/** Of logistic loss, whose scale is known: see docs/results.md. */
const LOGISTIC_RULE: Optimizer = { type: "tallygrad", lr: 0.06, floor: 0.5 };
const MOST_DIM = 65_536;
/** Examples that are predicted at once. */
const PIECE = 8192;

/** See models.d.ts. */
export abstract class Machine implements Contract {
  readonly #fields: Fields;
  readonly #kernel: KernelMachine;
  readonly #vocabulary: Vocabulary | undefined;
  #settings: Settings;
  #tables: Tables;
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
    this.#begin(batch.labels, batch.weights);
    return this.#step(batch) / weightOf(batch);
  }

  predict({ columns }: Pick<Examples, "columns">): Float32Array {
    const { count, cells } = this.#fields.encode(columns, this.#lookUp());
    return this.#predict(count, cells);
  }

  async evaluate(data: Data): Promise<Metrics> {
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
      prepare: (examples) => this.#prepare(examples),
      step: (batch) => this.#step(batch),
      evaluate: (examples) => this.#evaluate(examples),
      keep: () => this.#keep(),
    };
  }

  /** Takes the constant part of predictions from the first labels there are, if nobody gave it. */
  #begin(labels: ArrayLike<number>, weights: Float32Array | undefined): void {
    if (this.#settings.intercept !== null) return;
    this.#settings = { ...this.#settings, intercept: interceptFrom(labels, weights, this.loss) };
  }

  #prepare(examples: Examples): Prepared {
    const vocabulary = this.#vocabulary;
    return prepared(examples, this.#fields, this.loss, vocabulary && ((keys) => vocabulary.rows(keys)));
  }

  #step({ cells, labels, weights }: Prepared): number {
    const tables = this.#list().map(beforeStep);
    return attempt(() => this.#kernel.step(tables, this.#interceptOr0(), cells, labels, weights));
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
    const copies = cloned(this.#tables);
    let kept = true;
    return {
      restore: () => {
        for (const table of this.#list()) table.dispose();
        this.#tables = copies;
        kept = false;
        if (this.#vocabulary !== undefined) bind(this.#vocabulary, [copies.vectors, copies.biases]);
      },
      drop: () => {
        if (kept) for (const [, table] of namedTables(copies)) table.dispose();
        kept = false;
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

/** A new machine's parts. */
export function created(kind: Settings["kind"], options: MachineOptions | DeepFMOptions): Interior {
  if (!isObject(options)) throw coded("ERR_OPTION_VALUE", `options must be an object, but is ${shown(options)}`);
  const deep = kind === "deep-fm";
  const given = checkNames<DeepFMOptions>("options", options, deep ? [...OPTIONS, "hidden", "layerRate"] : OPTIONS);
  const { schedule, init = { type: "normal", scale: 0.01 }, intercept, backend, threads, dtype, rounding } = given;
  const keyed = given.vocabulary !== undefined;
  const fields = new Fields(given.fields, keyed);
  const dim = integer("dim", given.dim ?? DEFAULT_DIM, 1, MOST_DIM);
  const seed = integer("seed", given.seed ?? 0, 0, Number.MAX_SAFE_INTEGER);
  const loss = choice("loss", given.loss ?? "logistic", ["logistic", "squared"]);
  const optimizer = given.optimizer ?? (loss === "logistic" ? LOGISTIC_RULE : undefined);
  if (intercept !== undefined && !Number.isFinite(intercept)) {
    throw coded("ERR_OPTION_VALUE", `intercept must be a finite number, but is ${shown(intercept)}`);
  }
  if (ArrayBuffer.isView(init)) throw coded("ERR_OPTION_VALUE", "init must be an object with a type, but is an array");
  const machine = { ...(backend && { backend }), ...(threads && { threads }) };
  const vocabulary = given.vocabulary && new Vocabulary({ ...given.vocabulary, seed, ...(backend && { backend }) });
  const rows = vocabulary?.capacity ?? fields.rows;
  const same = { rows, seed, ...machine, ...(optimizer && { optimizer }), ...(schedule && { schedule }) };
  const stored = { ...(dtype && { dtype }), ...(rounding && { rounding }) };
  const vectors = new EmbeddingTable({ ...same, ...stored, dim, init: init as Init });
  const biases = new EmbeddingTable({ ...same, dim: 1, init: { type: "zeros" } });
  if (vocabulary !== undefined) bind(vocabulary, [vectors, biases]);
  const hidden = deep ? checkedHidden(given.hidden ?? [64, 32]) : [];
  const rate = given.layerRate ?? 1e-3;
  const layers = newLayers(fields.count * dim, hidden, { type: "adam", lr: rate, scope: "all" }, seed, machine);
  const settings: Settings = { kind, fields: fields.described(), loss, intercept: intercept ?? null, seed, hidden };
  const tables = { vectors, biases, layers };
  return new Interior(settings, fields, tables, vocabulary, kernelFor(settings, fields, tables));
}

function checkedHidden(hidden: readonly number[]): readonly number[] {
  if (!Array.isArray(hidden) || hidden.length === 0) {
    throw coded("ERR_OPTION_VALUE", `hidden must be an array of at least one width, but is ${shown(hidden)}`);
  }
  return hidden.map((width, layer) => integer(`hidden[${layer}]`, width, 1, MOST_DIM - 1));
}

/** Layers whose units are rows, with biases of 0 and weights as He et al. (2015) have them. */
function newLayers(
  inputs: number,
  hidden: readonly number[],
  optimizer: Optimizer,
  seed: number,
  machine: Pick<TableOptions, "backend" | "threads">,
): EmbeddingTable[] {
  if (hidden.length === 0) return [];
  const widths = [inputs, ...hidden, 1];
  return widths.slice(1).map((rows, layer) => {
    const before = widths[layer] ?? 0;
    const init = { type: "normal", scale: Math.sqrt(2 / before) } as const;
    const table = new EmbeddingTable({
      rows,
      dim: before + 1,
      optimizer,
      init,
      seed: (seed + 1 + layer) % 2 ** 53,
      ...machine,
    });
    const ids = Uint32Array.from({ length: rows }, (_, unit) => unit);
    const weights = table.lookup(ids);
    for (let unit = 0; unit < rows; unit++) weights[unit * (before + 1) + before] = 0;
    table.setRows(ids, weights);
    return table;
  });
}

function kernelFor({ loss, hidden }: Settings, fields: Fields, { vectors }: Tables): KernelMachine {
  const { kernel } = chooseKernel(vectors.backend.kind);
  const shape = { fields: fields.count, dim: vectors.dim, logistic: loss === "logistic", hidden: [...hidden] };
  return attempt(() => kernel.createMachine(shape));
}

function namedTables({ vectors, biases, layers }: Tables): [string, EmbeddingTable][] {
  const named = layers.map((layer, index): [string, EmbeddingTable] => [`layers.${index}`, layer]);
  return [["vectors", vectors], ["biases", biases], ...named];
}

function cloned({ vectors, biases, layers }: Tables): Tables {
  return { vectors: vectors.clone(), biases: biases.clone(), layers: layers.map((layer) => layer.clone()) };
}

/** Whether it depends on more than the keys so far which row a key has: those that are refused may have one later, others may lose theirs. */
function changes(vocabulary: Vocabulary): boolean {
  const { admission, eviction } = savingVocabulary(vocabulary, []).description;
  return admission !== "all" || eviction !== "none";
}

/** Log-odds or mean of labels. Where all are equal, half a label of the other kind is added. */
function interceptFrom(
  labels: ArrayLike<number>,
  weights: Float32Array | undefined,
  loss: "logistic" | "squared",
): number {
  let [sum, weight] = [0, 0];
  for (let example = 0; example < labels.length; example++) {
    const own = weights?.[example] ?? 1;
    sum += own * (labels[example] ?? 0);
    weight += own;
  }
  if (weight === 0) return 0;
  if (loss === "squared") return sum / weight;
  const [positive, negative] = [sum, weight - sum].map((part) => Math.max(part, 0.5)) as [number, number];
  return Math.log(positive / negative);
}

/** The members of a model's file, and the machine that they make. */
export async function loaded(
  kind: Settings["kind"],
  source: Source,
  options: Omit<LoadOptions, "schedule">,
): Promise<Interior> {
  const { signal, onProgress, ...machine } = checkNames("options", options, [
    "backend",
    "threads",
    "signal",
    "onProgress",
  ]);
  checkWaiting({ signal, onProgress });
  checkPlace(machine);
  const loading = (name: string, description: Description): Loading<EmbeddingTable | Vocabulary> | undefined => {
    if (description.kind === "table") return loadingOf(description, machine, undefined);
    if (description.kind === "vocabulary") return loadingVocabulary(description, machine.backend);
    if (name === "model" && description.kind === kind) return undefined;
    throw coded("ERR_FILE_FORMAT", `the file must hold a ${kind}, but ${shown(name)} is a ${shown(description.kind)}`);
  };
  const { members, descriptions } = await readCheckpoint(source, loading, { signal, onProgress });
  try {
    return assembled(kind, members, descriptions.get("model"));
  } catch (thrown) {
    for (const member of members.values()) member.dispose();
    throw thrown;
  }
}

function assembled(
  kind: Settings["kind"],
  members: Map<string, EmbeddingTable | Vocabulary>,
  description: Description | undefined,
): Interior {
  const wrong = (what: string): Error => coded("ERR_FILE_FORMAT", `the file holds no ${kind}: ${what}`);
  if (description === undefined) throw wrong('it has no member "model"');
  const vocabulary = members.get("vocabulary");
  const keyed = vocabulary instanceof Vocabulary;
  const { intercept, seed, loss, hidden } = description as unknown as Settings;
  const fields = new Fields(description.fields as Settings["fields"], keyed);
  const table = (name: string, rows: number, dim: number | undefined): EmbeddingTable => {
    const member = members.get(name);
    if (!(member instanceof EmbeddingTable)) throw wrong(`there is no table ${shown(name)}`);
    if (member.rows === rows && (dim === undefined || member.dim === dim)) return member;
    throw wrong(`${shown(name)} is ${member.rows} x ${member.dim}, but must be ${rows} x ${dim ?? "any"}`);
  };
  if (intercept !== null && !Number.isFinite(intercept)) throw wrong(`its intercept is ${shown(intercept)}`);
  const widths = kind === "deep-fm" ? checkedHidden(hidden) : [];
  const rows = keyed ? vocabulary.capacity : fields.rows;
  const vectors = table("vectors", rows, undefined);
  const biases = table("biases", rows, 1);
  const inputs = [fields.count * vectors.dim, ...widths];
  const units = widths.length === 0 ? [] : [...widths, 1];
  const layers = units.map((rows, layer) => table(`layers.${layer}`, rows, (inputs[layer] ?? 0) + 1));
  if (members.size !== 2 + layers.length + (keyed ? 1 : 0)) throw wrong("it holds something else besides");
  if (keyed) bind(vocabulary, [vectors, biases]);
  const settings: Settings = {
    kind,
    fields: fields.described(),
    loss: choice("loss", loss, ["logistic", "squared"]),
    intercept,
    seed: integer("seed", seed, 0, Number.MAX_SAFE_INTEGER),
    hidden: widths,
  };
  const tables = { vectors, biases, layers };
  return new Interior(settings, fields, tables, keyed ? vocabulary : undefined, kernelFor(settings, fields, tables));
}
