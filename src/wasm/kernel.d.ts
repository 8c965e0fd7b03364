/**
 * What `scripts/build.mjs` writes beside the compiled facade: the kernel as WebAssembly, and the glue that wasm-bindgen makes for it.
 * `test/types.test-d.ts` holds it against the declarations that wasm-bindgen generates.
 */

/** Something in WebAssembly memory, which it gives back when it is freed or garbage-collected. */
interface Held extends Disposable {
  free(): void;
}

/** Arrays on their way to and from WebAssembly memory. */
export interface Stage extends Held {
  /** Makes room for `bytes` bytes and says where they begin. What was there is lost if the stage grows. */
  reserve(bytes: number): number;
  /** Gives the memory back if it is more than `bytes` bytes. */
  shrink(bytes: number): void;
}

/** A new table's options. WebAssembly has no optional numbers in arrays, so what is not given is left `undefined`. */
export interface Options extends Held {
  rows: number;
  dim: number;
  rule: string;
  parameters: Float64Array;
  settings: Float64Array;
  init: string;
  scale: number;
  seed: number;
  padding: number | undefined;
}

/** A table in WebAssembly memory. See `crates/wasm` for where each door finds its arrays on the stage. */
export interface Table extends Held {
  check(stage: Stage, count: number, signed: boolean): void;
  lookup(stage: Stage, count: number, first: number, last: number): void;
  inspect(stage: Stage, count: number, first: number, last: number, scale: number): void;
  update(stage: Stage, count: number, signed: boolean, floats: number, scale: number): number;
  prepare(stage: Stage, first: number, count: number, floats: number, scale: number): void;
  finish(stage: Stage, first: number, count: number, floats: number, scale: number): number;
  pool(
    stage: Stage,
    count: number,
    signed: boolean,
    offsets: number,
    mode: string,
    weights: number,
    floats: number,
  ): void;
  updatePool(
    stage: Stage,
    count: number,
    signed: boolean,
    offsets: number,
    mode: string,
    weights: number,
    floats: number,
    scale: number,
    out: number,
  ): number;
  ranking(stage: Stage, count: number, coldest: boolean): number;
  tallyHistogram(stage: Stage, count: number): void;
  setRows(stage: Stage, count: number, signed: boolean, floats: number): void;
  resetRows(stage: Stage, count: number, signed: boolean): void;
  tallies(stage: Stage, count: number, signed: boolean, doubles: number): void;
  allTallies(stage: Stage, doubles: number): void;
  rates(stage: Stage, count: number, signed: boolean, floats: number): void;
  readonly step: number;
  readonly lr: number;
  setLr(lr: number): void;
  setFactor(factor: number): void;
  flush(): void;
  grow(rows: number): void;
  parts(): string;
  progress(): Float64Array;
  readPart(stage: Stage, part: number, first: number, bytes: number): void;
  memory(): Float64Array;
  simd(): string;
  fingerprint(): string;
  copy(): Table;
}

/** A table whose arrays are on their way. */
export interface Restoring extends Held {
  write(stage: Stage, bytes: number): void;
  /** Consumes it, also where it throws. */
  finish(): Table;
}

/** How many elements of each array of a batch are staged, one array behind the other. */
export interface Lengths extends Held {
  readonly ids: number;
}

/** A machine in WebAssembly memory. */
export interface Machine extends Held {
  readLayer(layer: number, table: Table): void;
  compute(vectors: Table, biases: Table, stage: Stage, lengths: Lengths, intercept: number): number;
  prepare(number: number, table: Table, stage: Stage, lengths: Lengths): void;
  prepareBiases(biases: Table, vectors: Table, stage: Stage, lengths: Lengths): void;
  finish(number: number, table: Table): void;
  predict(vectors: Table, biases: Table, stage: Stage, lengths: Lengths, intercept: number): void;
}

/** A skip-gram model in WebAssembly memory. */
export interface SkipGram extends Held {
  compute(inputs: Table, outputs: Table, stage: Stage, count: number, starts: number, place: number): Float64Array;
  prepare(second: boolean, table: Table): void;
  finish(second: boolean, table: Table): void;
}

/** A vocabulary in WebAssembly memory. */
export interface Vocabulary extends Held {
  /** How many rows had other keys before. */
  rows(stage: Stage, count: number, length: number): number;
  lookup(stage: Stage, count: number, length: number): void;
  key(row: number): Uint8Array | undefined;
  readonly size: number;
  readonly step: number;
  readonly memory: number;
  grow(capacity: number): void;
  fingerprint(): string;
  parts(): string;
  progress(): Float64Array;
  readPart(stage: Stage, part: number, first: number, bytes: number): void;
  copy(): Vocabulary;
}

/** A vocabulary whose arrays are on their way. */
export interface RestoringVocabulary extends Held {
  parts(): string;
  write(stage: Stage, bytes: number): void;
  /** Consumes it, also where it throws. */
  finish(): Vocabulary;
}

/** A vocabulary's options, one by one. */
export type VocabularyArguments = [
  capacity: number,
  admission: string,
  least: number,
  size: number,
  probability: number,
  eviction: string,
  amount: number,
  seed: number,
];

export interface Glue {
  initSync(options: { module: WebAssembly.Module }): { readonly memory: WebAssembly.Memory };
  catalogue(): string;
  digest(text: string): string;
  chunk(): number;
  Stage: new () => Stage;
  TableOptions: new () => Options;
  partsOf(options: Options, runs: number): string;
  WasmRestoring: new (options: Options, step: number, lr: number, factor: number, runs: number) => Restoring;
  BatchLengths: new (
    ids: number,
    offsets: number,
    factors: number,
    labels: number,
    weights: number,
    out: number,
  ) => Lengths;
  WasmMachine: new (fields: number, dim: number, logistic: boolean, hidden: Uint32Array) => Machine;
  WasmSkipGram: new (
    stage: Stage,
    words: number,
    dim: number,
    window: number,
    negatives: number,
    subsample: number,
    power: number,
    seed: number,
  ) => SkipGram;
  WasmVocabulary: new (...options: VocabularyArguments) => Vocabulary;
  WasmRestoringVocabulary: new (...given: [...VocabularyArguments, progress: Float64Array]) => RestoringVocabulary;
  WasmTable: new (options: Options, stage: Stage, counts?: number | null, values?: number | null) => Table;
}

/** `undefined` in a build without WebAssembly. */
export declare const glue: Glue | undefined;
/** Names of what the kernel exports. */
export declare const exported: readonly string[];
/** The kernel's bytes. */
export declare const base64: string;
