/**
 * What a backend offers the facade. `signed` says that ids are int32 behind a view of uint32. Every method may throw an `Error`
 * with a `code` of `ErrorCode`; arrays have been checked for class and buffer, but not for length or contents.
 */

/** A new table's options, defaults filled in. */
export interface KernelOptions {
  rows: number;
  dim: number;
  rule: string;
  /** In the order of the catalogue, NaN for those not given. */
  parameters: number[];
  /** Every other option that is a number or a word, in the order of the catalogue, NaN for those not given. */
  settings: number[];
  init: string;
  scale: number;
  seed: number;
  padding?: number;
  threads: number;
}

/** An array of what is saved. */
export interface Part {
  name: string;
  /** In the words of safetensors. */
  dtype: string;
  /** Its items are along the first axis. */
  shape: readonly number[];
}

/** What can be saved: arrays, of which pieces of whole items are copied out. */
export interface Persistent {
  /** `Part[]` as JSON. */
  parts(): string;
  /** Copies items of a part, from number `first` on, to `out`, which has room for a whole number of them. */
  readPart(part: number, first: number, out: Uint8Array): void;
}

/** Something whose parts are on their way, in order. */
export interface KernelRestoring<Restored> {
  /** Takes on whole items of the part that is next. */
  write(bytes: Uint8Array): void;
  /** What it has become, once all parts are there. */
  finish(): Restored;
  /** Gives the memory back, if it is not finished. */
  dispose(): void;
}

/** A table in a backend's memory. */
export interface KernelTable extends Persistent {
  lookup(ids: Uint32Array, signed: boolean, out: Float32Array): void;
  update(ids: Uint32Array, signed: boolean, gradients: Float32Array, scale: number): number;
  /** `weights` are as many as ids. */
  pool(
    ids: Uint32Array,
    signed: boolean,
    offsets: Uint32Array,
    mode: string,
    weights: Float32Array | undefined,
    out: Float32Array,
  ): void;
  updatePool(
    ids: Uint32Array,
    signed: boolean,
    offsets: Uint32Array,
    mode: string,
    weights: Float32Array | undefined,
    gradients: Float32Array,
    scale: number,
    weightGradients: Float32Array | undefined,
  ): number;
  /** Writes the hottest or coldest rows, and gives how many. */
  ranking(coldest: boolean, out: Uint32Array): number;
  /** Of 34 classes. */
  tallyHistogram(out: Uint32Array): void;
  setRows(ids: Uint32Array, signed: boolean, values: Float32Array): void;
  resetRows(ids: Uint32Array, signed: boolean): void;
  tallies(ids: Uint32Array, signed: boolean, out: Float64Array): void;
  allTallies(out: Float64Array): void;
  rates(ids: Uint32Array, signed: boolean, out: Float32Array): void;
  get step(): number;
  get lr(): number;
  setLr(lr: number): void;
  /** Sets what the learning rate is multiplied with, from the next step on. */
  setFactor(factor: number): void;
  flush(): void;
  grow(rows: number): void;
  /** Step, learning rate, its factor, and runs of steps of one rate: what is saved beside the parts. */
  progress(): number[];
  /** Bytes of weights, state, tallies, scratch. */
  memory(): number[];
  simd(): string;
  fingerprint(): string;
  copy(): KernelTable;
  dispose(): void;
}

/** A new vocabulary's options, checked, defaults filled in. */
export interface VocabularyGiven {
  capacity: number;
  admission: string;
  least: number;
  /** Candidates or counters. */
  size: number;
  probability: number;
  eviction: string;
  /** Exponent or steps. */
  amount: number;
  seed: number;
}

/** A vocabulary in a backend's memory. Keys are their bytes one behind the other, and where each ends. */
export interface KernelVocabulary extends Persistent {
  rows(bytes: Uint8Array, ends: Uint32Array, out: Uint32Array): void;
  lookup(bytes: Uint8Array, ends: Uint32Array, out: Uint32Array): void;
  /** Rows that the last batch gave to other keys than had them before. */
  reused(): Uint32Array;
  key(row: number): Uint8Array | undefined | null;
  get size(): number;
  get step(): number;
  /** Bytes held. */
  get memory(): number;
  grow(capacity: number): void;
  fingerprint(): string;
  progress(): number[];
  copy(): KernelVocabulary;
  dispose(): void;
}

/** A vocabulary whose parts are on their way. */
export interface KernelRestoringVocabulary extends KernelRestoring<KernelVocabulary> {
  /** `Part[]` as JSON. */
  parts(): string;
}

/** What a machine is like. */
export interface MachineShape {
  fields: number;
  dim: number;
  logistic: boolean;
  /** Widths of the hidden layers of its network; empty without one. */
  hidden: number[];
}

/** Examples as a machine takes them: for each of them, field by field, rows of its tables. */
export interface Cells {
  ids: Uint32Array;
  /** Where each field of each example begins in `ids`, and once more where the last ends; `undefined` if every field has one row. */
  offsets: Uint32Array | undefined;
  /** What each row is multiplied with; `undefined` if that is 1. */
  factors: Float32Array | undefined;
}

/** The arithmetic of a factorization machine or a DeepFM. Its tables come with each call: vectors, biases, and the layers of a network. */
export interface KernelMachine {
  /** One step; gives the summed loss of what was predicted before it. `weights` multiply the examples' losses. */
  step(
    tables: KernelTable[],
    intercept: number,
    cells: Cells,
    labels: Float32Array,
    weights: Float32Array | undefined,
  ): number;
  predict(tables: KernelTable[], intercept: number, cells: Cells, out: Float32Array): void;
  dispose(): void;
}

/** What a skip-gram model is like, defaults filled in. */
export interface SkipGramSettings {
  dim: number;
  /** 0 for the whole sentence. */
  window: number;
  negatives: number;
  /** 0 for none. */
  subsample: number;
  power: number;
  seed: number;
}

/** The arithmetic of skip-gram. Its tables come with each call: vectors of words, and of words as contexts. */
export interface KernelSkipGram {
  /**
   * One step on sentences one behind the other, each from one of `starts` to the next, when `place` words were read before. Gives the summed loss
   * of some of the pairs before it, and how many those are.
   */
  step(tables: KernelTable[], words: Uint32Array, starts: Uint32Array, place: number): number[];
  dispose(): void;
}

/** One option, as the kernel declares it. */
export interface Parameter {
  /** With a dot in it if it belongs to a group. */
  name: string;
  kind: "number" | "flag" | "choice" | "counts";
  choices: string[];
  /** Whether it must be given if its group is. */
  required: boolean;
}

/** What options there are. */
export interface Catalogue {
  /** Every rule's options by its name, the default rule first. */
  rules: Readonly<Record<string, readonly Parameter[]>>;
  /** Those of a table. */
  settings: readonly Parameter[];
}

/** A backend. */
export interface Kernel {
  kind: "native" | "wasm";
  /** Threads worth using on this machine. */
  threads: number;
  /** The most threads a table can use. */
  mostThreads: number;
  catalogue: Catalogue;
  create(options: KernelOptions, counts?: Float64Array, values?: Float32Array): KernelTable;
  /** The parts of a table with these options and so many runs, without making one: `Part[]` as JSON. */
  partsOf(options: KernelOptions, runs: number): string;
  /** A table with these options, whose progress was this, and whose parts are to follow. */
  restore(options: KernelOptions, progress: number[]): KernelRestoring<KernelTable>;
  createVocabulary(options: VocabularyGiven): KernelVocabulary;
  /** A vocabulary with these options, whose progress was this, and whose parts are to follow. */
  restoreVocabulary(options: VocabularyGiven, progress: number[]): KernelRestoringVocabulary;
  /** SHA-256 of a text, in hex. */
  digest(text: string): string;
  createMachine(shape: MachineShape): KernelMachine;
  /** `counts` are occurrences of each word. */
  createSkipGram(settings: SkipGramSettings, counts: Float64Array): KernelSkipGram;
  /** One step of several tables, no table twice. The message of an error begins with `#` and the table's place in the list. */
  updateTogether(tables: KernelTable[], ids: Uint32Array[], gradients: Float32Array[], scale: number): number;
}
