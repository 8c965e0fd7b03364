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
  unit: string;
  halfLife?: number;
  init: string;
  scale: number;
  seed: number;
  reduction: string;
  nonFinite: string;
  padding?: number;
  threads: number;
}

/** A table in a backend's memory. */
export interface KernelTable {
  lookup(ids: Uint32Array, signed: boolean, out: Float32Array): void;
  update(ids: Uint32Array, signed: boolean, gradients: Float32Array, scale: number): number;
  setRows(ids: Uint32Array, signed: boolean, values: Float32Array): void;
  resetRows(ids: Uint32Array, signed: boolean): void;
  tallies(ids: Uint32Array, signed: boolean, out: Float64Array): void;
  allTallies(out: Float64Array): void;
  rates(ids: Uint32Array, signed: boolean, out: Float32Array): void;
  get step(): number;
  get lr(): number;
  setLr(lr: number): void;
  /** Bytes of weights, state, tallies, scratch. */
  memory(): number[];
  simd(): string;
  fingerprint(): string;
  copy(): KernelTable;
  dispose(): void;
}

/** One option of a rule, as the kernel declares it. */
export interface RuleParameter {
  name: string;
  kind: "number" | "flag" | "choice" | "counts";
  choices: string[];
}

/** A backend. */
export interface Kernel {
  kind: "native" | "wasm";
  /** Threads worth using on this machine. */
  threads: number;
  /** The most threads a table can use. */
  mostThreads: number;
  /** Every rule's options by its name, the default rule first. */
  catalogue: ReadonlyMap<string, readonly RuleParameter[]>;
  create(options: KernelOptions, counts?: Float64Array, values?: Float32Array): KernelTable;
}
