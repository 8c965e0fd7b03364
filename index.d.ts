/// <reference lib="esnext.disposable" />

/**
 * tallygrad: embedding tables whose rows learn at the rate their own count asks for.
 *
 * This file is the public contract, written by hand. The classes in `src` implement it, and `test/types.test-d.ts` holds
 * both together. The exact arithmetic behind every word here is in `docs/arithmetic.md`.
 */

/**
 * Row indices of a batch, one for each occurrence; a row may occur several times. Each is an integer, `0 <= id < rows`.
 * A plain array is copied into a `Uint32Array` at each call; typed arrays are read where they are.
 */
export type Ids = Uint32Array | Int32Array | readonly number[];

/**
 * Where each bag of a batch begins in its ids, and once more where the last one ends: integers that begin with 0, do not fall, and end with
 * `ids.length`. Their number is one more than that of bags. Plain arrays and `Int32Array`s are copied at each call.
 */
export type Offsets = Uint32Array | Int32Array | readonly number[];

/** What turns a row's gradient into its step. The default is the house rule, {@link Tallygrad}: Adagrad whose memory is a count. */
export type Optimizer =
  | Tallygrad
  | Sgd
  | FaSgd
  | CfSgd
  | Adagrad
  | RowwiseAdagrad
  | Adam
  | RowwiseAdam
  | Rmsprop
  | Ftrl;

/**
 * Which rows a step visits: those of its batch, or all of them, as dense optimizers do, with a gradient of 0 where a row is not in
 * the batch. Either way a step goes over no rows but its batch's: what a row misses is made up for when the row is next used, and look-ups give
 * it as it is by then.
 *
 * Any number of missed steps is made up for at once where they do no more than decay weights, and with `sgd`. Both Adams and `rmsprop` with scope "all", and
 * both Adagrads with that and l2 decay, take the steps that a row missed one by one: so a step, or a look-up, then also costs each step that its rows missed, until
 * their weights no longer move; with l2, with `beta1^2 > beta2`, or while rates are still to come that are as high, all of them.
 * {@link EmbeddingTable.flush} now and then bounds that: no row has then missed more than the steps since.
 */
export type Scope = "touched" | "all";

/**
 * `lr / sqrt(floor + R2 * (c_before + start) + mean(G^2))`, where `c_before` is the row's tally before this step, `R2` the mean
 * square of a gradient element over all occurrences of all steps so far, and `G` the row's summed gradient.
 *
 * No step moves a row by more than `lr` in root mean square, the rate falls as 1/sqrt(tally), and the scale of the gradients asks for
 * no other `lr`; nor does the batch size, unless a run has only a few, very large batches: the first of those are rough. Squares below about 1e-38 lose digits in float32, so gradients should be
 * above about 1e-19: `scale` can lift them. It cannot be combined with `reduction: "mean"` or `tally.unit: "batch"`
 * (`ERR_OPTION_CONFLICT`).
 */
export interface Tallygrad {
  type: "tallygrad";
  /** Root-mean-square length of the longest possible step, in units of a weight. Above 0. Default 0.05. */
  lr?: number;
  /** Occurrences counted before the first one. At least 0. Default 64. */
  start?: number;
  /** Absolute cap on the rate, as lr / sqrt(floor), in squared-gradient units. At least 0. Default 0. */
  floor?: number;
}

/**
 * `w -= lr * G`. With momentum `b = momentum * b + G; w -= lr * b`, as in PyTorch, and one float of state an element; with Nesterov's
 * `w -= lr * (G + momentum * b)`.
 */
export interface Sgd {
  type: "sgd";
  /** Learning rate. Above 0. Required. */
  lr: number;
  /** How much of `b` a step keeps. 0 <= momentum < 1. Default 0. */
  momentum?: number;
  /** Take Nesterov's step. Needs momentum. Default false. */
  nesterov?: boolean;
  /** Whether steps move rows along their momentum that are not in the batch. Default "touched". */
  scope?: Scope;
}

/** `w -= min(maxLr, lr / sqrt(expected)) * G`, the rate of Li et al. (2022) with known frequencies. */
export interface FaSgd {
  type: "fa-sgd";
  /** Rate of a row that is expected once. Above 0. Required. */
  lr: number;
  /**
   * Occurrences of each row expected over the whole run: `rows` numbers, each at least 0. Required. A row expected 0 times
   * gets `maxLr`, and is an error (`ERR_OPTION_VALUE`) when there is none.
   */
  expectedCounts: Float64Array | Float32Array | Uint32Array | readonly number[];
  /** Cap on every row's rate, the paper's 1/(4L). Above 0. Default: no cap. */
  maxLr?: number;
}

/**
 * `w -= min(maxLr, lr / sqrt(x)) * G` with `x = tally + start`, after Li et al. (2022): any-time by default, with a fixed
 * horizon if `horizon` is given, forgetting if the table's tally has a half-life.
 */
export interface CfSgd {
  type: "cf-sgd";
  /** Rate of a row at its first occurrence (horizon aside). Above 0. Required. */
  lr: number;
  /** Cap on every row's rate, the paper's 1/(4L). Above 0. Default: no cap. */
  maxLr?: number;
  /** Occurrences counted before the first one. At least 0. Default 0. */
  start?: number;
  /**
   * Length of the whole run in steps (examples / batch size). The rate then is lr / sqrt(x * horizon / min(step, horizon)),
   * the paper's estimate p = tally / step. Above 0. Default: any-time.
   */
  horizon?: number;
  /**
   * Divide the capped rate by the root mean square of a gradient element over all occurrences so far, so that lr and maxLr
   * are lengths. Not with `reduction: "mean"` or `tally.unit: "batch"`. Default false.
   */
  normalize?: boolean;
}

/** `s += G^2; w -= lr * G / (sqrt(s) + eps)`, element by element: one float of state an element. */
export interface Adagrad {
  type: "adagrad";
  /** Learning rate. Above 0. Default 0.01. */
  lr?: number;
  /** What `s` starts at. At least 0. Default 0. */
  accumulator?: number;
  /** At least 0, and above 0 if `accumulator` is 0. Default 1e-10. */
  eps?: number;
  /** Matters with l2 weight decay only, which is a gradient of its own. Default "touched". */
  scope?: Scope;
}

/** `s += mean(G^2); w -= lr * G / (sqrt(s) + eps)`: one float of state a row. */
export interface RowwiseAdagrad {
  type: "rowwise-adagrad";
  /** Learning rate. Above 0. Default 0.01. */
  lr?: number;
  /** What `s` starts at. At least 0. Default 0. */
  accumulator?: number;
  /** At least 0. Default 1e-8. */
  eps?: number;
  /** Matters with l2 weight decay only, which is a gradient of its own. Default "touched". */
  scope?: Scope;
}

/**
 * `m += (1 - beta1)(G - m); v += (1 - beta2)(G^2 - v)`, then
 * - scope "touched": `w -= lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + eps)`, PyTorch's SparseAdam;
 * - scope "all": `w -= lr / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + eps)`, PyTorch's Adam,
 *
 * with t = the table's step. Two floats of state an element. `"adamw"` is the same with {@link WeightDecay} of 0.01 unless another is given,
 * and as with PyTorch's AdamW it is decoupled.
 */
export interface Adam extends AdamOptions {
  type: "adam" | "adamw";
}

/** Adam with one `v` a row, of the mean of `G^2`: one float of state an element and one a row. */
export interface RowwiseAdam extends AdamOptions {
  type: "rowwise-adam";
}

/** What both Adams may be told. */
export interface AdamOptions {
  /** Learning rate. Above 0. Default 0.001. */
  lr?: number;
  /** Decay of the first moment a step. 0 <= beta1 < 1. Default 0.9. */
  beta1?: number;
  /** Decay of the second moment a step. 0 <= beta2 < 1. Default 0.999. */
  beta2?: number;
  /** Above 0. Default 1e-8. */
  eps?: number;
  /**
   * What t is in the corrections: the number of the step, or the row's tally, which is how many gradients its moments are made of. Not
   * "tally" with scope "all". Default "step".
   */
  biasCorrection?: "step" | "tally";
  /**
   * Which rows a step visits. With "all" a row that was missed is replayed step by step until its weights no longer move, some hundred steps with
   * the default betas: for a row of 64 some 40 nanoseconds a step. A step on rows that rest a few steps between takes about twice as long as with "touched", and a row
   * that has rested for hundreds some 11 microseconds, in a look-up too (`npm run bench -- --only "scope adam"`); `flush()` saves look-ups that. Default "touched".
   */
  scope?: Scope;
}

/** `v += (1 - alpha)(G^2 - v); w -= lr * G / (sqrt(v) + eps)`: one float of state an element. */
export interface Rmsprop {
  type: "rmsprop";
  /** Learning rate. Above 0. Default 0.01. */
  lr?: number;
  /** How much of `v` a step keeps. 0 <= alpha < 1. Default 0.99. */
  alpha?: number;
  /** Above 0. Default 1e-8. */
  eps?: number;
  /** Whether `v` fades at steps that a row is not in. Default "touched". */
  scope?: Scope;
}

/**
 * FTRL-Proximal (McMahan et al., 2013): `z += G - (sqrt(a + G^2) - sqrt(a)) / lr * w; a += G^2`, and then `w = 0` where `|z| <= lambda1`, else
 * `w = -(z - sign(z) * lambda1) / ((beta + sqrt(a)) / lr + lambda2)`. Two floats of state an element. Weights are a function of that state, so
 * `lr` cannot change: neither `table.lr` nor `schedule` may be set (`ERR_OPTION_CONFLICT`).
 */
export interface Ftrl {
  type: "ftrl";
  /** The paper's alpha. Above 0. Default 0.05. */
  lr?: number;
  /** At least 0, and above 0 if `lambda2` is 0. Default 1. */
  beta?: number;
  /** Strength of the L1 term, which makes weights 0. Above 0 it needs `init: { type: "zeros" }`. At least 0. Default 0. */
  lambda1?: number;
  /** Strength of the L2 term. At least 0. Default 0. */
  lambda2?: number;
}

/**
 * Weights that shrink by themselves, with any optimizer.
 * - `"decoupled"`: before the rule, `w *= 1 - lr * rate`, but never below 0.
 * - `"l2"`: `G += rate * w`, after clipping; then the rule.
 */
export interface WeightDecay {
  /** At least 0. Required. */
  rate: number;
  /** Default "decoupled". Not "l2" with `"adamw"`: that would be `"adam"`. */
  type?: "decoupled" | "l2";
  /**
   * `"tally"` multiplies the rate with `tally.halfLife` / the row's tally: rows that are seen rarely, and so decay rarely, decay by more when
   * they do. It needs a half-life, and scope "touched". Default "step": the same rate for every row.
   */
  by?: "step" | "tally";
  /**
   * Which rows decay at a step. The default is the optimizer's own scope, or "touched" if it has none. Decay of type "l2" is a gradient, and so has the
   * optimizer's scope (`ERR_OPTION_CONFLICT` otherwise). `tallygrad`, `cf-sgd`, `fa-sgd` and `ftrl` have none, so that l2 with scope "all" is refused: their steps follow
   * from how often a row occurred, or from the gradients it had, and a row that does not occur has no step that such a gradient could go through.
   * Decoupled decay goes with any of them.
   */
  scope?: Scope;
}

/** A bound for a row's summed gradient, before weight decay. `limit`, `ratio` and `floor` are above 0. */
export type Clip =
  /** Each element is brought into -limit to limit. */
  | { type: "value"; limit: number }
  /** The row's gradient is shortened to a Euclidean norm of `limit`. */
  | { type: "row-norm"; limit: number }
  /** All of the batch's gradients are multiplied with the same factor, so that the norm over all its rows is at most `limit`. Costs another pass. */
  | { type: "global-norm"; limit: number }
  /**
   * CowClip (Zheng et al., 2022): the row's gradient is shortened to `n * max(ratio * |w|, floor)`, n = its occurrences in the batch, |w| =
   * the norm of its weights. Defaults: ratio 1, floor 1e-5.
   */
  | { type: "cow"; ratio?: number; floor?: number };

/**
 * How the learning rate goes from step to step t, as a factor of `lr`. It rises as t / warmup at first; from there on it is 1, or falls to
 * `end` at step `steps` in a straight line or half a cosine, or is sqrt(max(warmup, 1) / t). `warmup` and `end` are at least 0 and 0 by default; `steps` is above
 * `warmup`. A function is called before each step and each `rates` with that step's number, from 1, and gives the factor: finite in float32, at least 0. It must not step
 * the table itself.
 */
export type Schedule =
  | { type: "constant" | "inverse-sqrt"; warmup?: number }
  | { type: "linear" | "cosine"; steps: number; end?: number; warmup?: number }
  | ((step: number) => number);

/** How occurrences are counted, whatever the optimizer. */
export interface Tally {
  /**
   * What a row's tally grows by at a step: its occurrences in the batch, or 1 for being in it. Default "occurrence".
   */
  unit?: "occurrence" | "batch";
  /**
   * Steps after which an occurrence counts half (examples / batch size). Above 0. Tallies are then float64 and cost 16 bytes a
   * row instead of 4. Default: nothing is forgotten, tallies are uint32 and stop at 4,294,967,295.
   */
  halfLife?: number;
}

/** What the weights of a new table are, and those of a row after {@link EmbeddingTable.resetRows}. */
export type Init =
  /** All zeros. */
  | { type: "zeros" }
  /** Uniform in (-scale, scale), or normal with standard deviation `scale`; drawn from a hash of seed, row and element. `scale` is 0 to 1e37, default 0.05. */
  | { type: "uniform" | "normal"; scale?: number }
  /** `rows * dim` weights, finite in `dtype`, row-major, copied. A row reset later becomes zeros, and the padding row is zeros whatever the array holds. */
  | Float32Array;

/** Options of a new table. Everything but `rows` and `dim` has a default. */
export interface TableOptions {
  /** Number of rows: an integer from 1 to 4,294,967,295. */
  rows: number;
  /** Weights a row: an integer from 1 to 65,536. */
  dim: number;
  /** The rule that turns a row's gradient into its step. Default `{ type: "tallygrad" }`. */
  optimizer?: Optimizer;
  /** How the learning rate goes from step to step. Default: it stays. */
  schedule?: Schedule;
  /** Weights that shrink by themselves. Default: none, but with `"adamw"` 0.01. */
  weightDecay?: WeightDecay;
  /** A bound for gradients. Default: none. */
  clip?: Clip;
  /**
   * After a step, the weights of rows in its batch are shortened to this Euclidean norm. (Momentum with scope "all" can carry a row beyond it at steps that miss it.)
   * Above 0. Default: no bound.
   */
  maxNorm?: number;
  /** How occurrences are counted. Default `{ unit: "occurrence" }`. */
  tally?: Tally;
  /**
   * How weights are stored; look-ups, gradients and all arithmetic are float32. `"f16"` is IEEE half (11 bits of precision, up to 65,504),
   * `"bf16"` the upper half of a float32 (8 bits). Both take 2 bytes a weight. Default "f32".
   */
  dtype?: "f32" | "f16" | "bf16";
  /** How an optimizer's state an element is stored; its floats a row stay float32. Default "f32". */
  stateDtype?: "f32" | "bf16";
  /**
   * What becomes of bits for which `dtype` and `stateDtype` have no room. `"nearest"` loses steps that are smaller than half a unit in the last place;
   * `"stochastic"` rounds up or down with the probabilities that make the mean right, drawn from a hash of seed, step, row and
   * element. First weights and `setRows` are always rounded to nearest. Default "nearest".
   */
  rounding?: "nearest" | "stochastic";
  /** First weights. Default `{ type: "normal", scale: 0.05 }`. */
  init?: Init;
  /** Seed of every random number of this table: an integer from 0 to 2^53 - 1. Default 0. */
  seed?: number;
  /** What becomes of a row's several gradients in one batch: their sum, or their mean. Default "sum". */
  reduction?: "sum" | "mean";
  /**
   * What a gradient that is not finite does. For rules that square gradients a square that overflows counts as not finite.
   * - `"reject"`: `update` throws `ERR_NON_FINITE` before anything changes. The default; costs one more pass over the gradients.
   * - `"skip"`: a row whose summed gradient is not finite keeps its bytes and its tally, and `update` returns how many were skipped. With scope "all" it misses
   *   the step like rows that are not in the batch.
   * - `"allow"`: no check; it spreads as IEEE arithmetic says: to its row, and with rules that use R2 to every row from then on.
   */
  nonFinite?: "reject" | "skip" | "allow";
  /** A row that is looked up as zeros and never trained: its occurrences and their gradients are ignored. Default: none. */
  paddingId?: number;
  /**
   * The most threads that a step of this table uses: an integer from 1 to 256. Short steps stay on the calling thread. The bits
   * do not depend on it. Default: `os.availableParallelism()`. On WebAssembly there is one.
   */
  threads?: number;
  /**
   * What runs the kernel; the bits do not depend on it. `"auto"`, the default, does what the environment variable
   * `TALLYGRAD_BACKEND` says, if it says `native` or `wasm`; else it takes the native addon in Node and Bun, or, where the addon is
   * missing, WebAssembly, with one warning that says why. In browsers, in Deno and from `tallygrad/wasm` it is always WebAssembly.
   */
  backend?: "auto" | "native" | "wasm";
}

/** What runs a table. */
export interface Backend {
  kind: "native" | "wasm";
  /** The most threads that a step uses. */
  threads: number;
  /** The instruction set of the inner loops. */
  simd: "avx2" | "neon" | "simd128" | "none";
  /** Why it is this one, in words. */
  reason: string;
}

/** Bytes held by a table. */
export interface Memory {
  /** `rows * dim` weights of 4 bytes, or of 2, rounded up to 4 bytes a row, with a narrow `dtype`. */
  weights: number;
  /**
   * What the optimizer keeps: floats an element, each of 4 bytes, or with `stateDtype: "bf16"` of 2, which for a row are rounded up to 4 bytes; floats a row,
   * of 4 bytes; `expectedCounts`, of 8. Where rows can miss steps that move them, also 8 bytes a row, and until the next {@link EmbeddingTable.flush}
   * about 100 for each change of the learning rate.
   */
  state: number;
  /** 4 bytes a row, or 16 with a half-life. */
  tallies: number;
  /** Working space of `update`, kept between steps: 4 bytes a row, and what the largest batch so far needed. */
  scratch: number;
}

/** What `update` may be told about one batch. */
export interface UpdateOptions {
  /**
   * Every gradient element is multiplied by this first, in float32. Pass the number of examples when a framework's loss is a batch mean.
   * Finite, and not rounding to 0. Default 1.
   */
  scale?: number;
}

/** How the vectors of a bag become one. Occurrences of the padding row are as if they were not there. */
export interface PoolOptions {
  /**
   * Their sum, their mean, their sum divided by the root of their number, or in each element the largest, of equals the first. Default "sum".
   */
  mode?: "sum" | "mean" | "sqrt-n" | "max";
  /** What each vector is multiplied with before it is added: `ids.length` finite numbers. Not with "max". Default: 1 each. */
  weights?: Float32Array;
}

/** The same, for a step. */
export interface UpdatePoolOptions extends PoolOptions, UpdateOptions {
  /**
   * Where the gradients of `weights` (or of weights of 1) go: at least `ids.length` long, sharing no bytes with other arguments. Each is the inner product of the
   * bag's gradient, `scale` aside, and the row as it was before the step, divided as the mode says.
   */
  weightGradients?: Float32Array;
}

/** How many rows have a tally of at least `from` and below `below`. */
export interface TallyClass {
  from: number;
  below: number;
  rows: number;
}

/**
 * A table of `rows` embedding vectors of `dim` float32 weights, with a tally for each row and an optimizer of its own.
 *
 * Every method is synchronous, and checks all its arguments before it changes anything: a call that throws leaves the table as
 * it was, bit for bit. Errors are `RangeError`, `TypeError` or `Error` with a stable `code` (see {@link ErrorCode}).
 *
 * @example
 * import { EmbeddingTable } from "tallygrad";
 *
 * const table = new EmbeddingTable({ rows: 1000, dim: 4 });
 * const ids = Uint32Array.of(7, 42, 7);
 * const vectors = table.lookup(ids);                       // 3 x 4 floats
 * table.update(ids, vectors.map((w) => 2 * w));            // one step on the loss sum of w^2
 * table.tally(7);                                          // 2
 */
export declare class EmbeddingTable implements Disposable {
  /** @throws RangeError `ERR_OPTION_VALUE`, TypeError `ERR_UNKNOWN_OPTION`, Error `ERR_OUT_OF_MEMORY`, `ERR_ADDON_MISSING` or `ERR_WASM_UNAVAILABLE`, and the other option codes. */
  constructor(options: TableOptions);

  /** Number of rows. */
  readonly rows: number;
  /** Weights a row. */
  readonly dim: number;
  /** `update` calls so far; empty batches count. */
  readonly step: number;
  /**
   * The rule's learning rate, the schedule's factor aside. May be set between steps, to anything finite that is at least 0; not with `ftrl`.
   */
  lr: number;
  /** What runs this table. */
  readonly backend: Backend;
  /** Bytes held by this table. */
  readonly memory: Memory;

  /**
   * The rows' weights, `ids.length * dim` float32, row-major.
   * @param out Written from its start and returned, if given: at least `ids.length * dim` long, sharing no bytes with `ids`.
   */
  lookup(ids: Ids, out?: Float32Array): Float32Array;

  /**
   * One step: sums the gradients of each row in the batch, counts its occurrences, applies the optimizer once to each row.
   * @param gradients `ids.length * dim` float32, row-major: the gradient at each occurrence. Of a summed loss, not of a batch
   *   mean; else see {@link UpdateOptions.scale}.
   * @returns How many rows were skipped; always 0 unless `nonFinite` is `"skip"`.
   */
  update(ids: Ids, gradients: Float32Array, options?: UpdateOptions): number;

  /**
   * Each bag's vectors as one: `(offsets.length - 1) * dim` float32, row-major, zeros for a bag without ids.
   * @param out Written from its start and returned, if given; it shares no bytes with the other arrays.
   */
  pool(ids: Ids, offsets: Offsets, options?: PoolOptions, out?: Float32Array): Float32Array;

  /**
   * One step like {@link EmbeddingTable.update}, by gradients of pooled vectors: each occurrence's gradient is that of its bag, times its weight and
   * divided as the mode says; with "max" an element's gradient goes to the occurrence that the element came from. Rules that look at single occurrences
   * see these.
   * @param gradients `(offsets.length - 1) * dim` float32, row-major.
   * @returns How many rows were skipped.
   */
  updatePool(ids: Ids, offsets: Offsets, gradients: Float32Array, options?: UpdatePoolOptions): number;

  /**
   * Writes weights, `ids.length * dim` float32, row-major; tallies and state stay. The last one wins where an id repeats. Values
   * that are not finite, or not in a narrow `dtype`, are refused, and so is anything but zeros for the padding row.
   */
  setRows(ids: Ids, values: Float32Array): void;

  /** Makes rows new: first weights, no state, tally 0. */
  resetRows(ids: Ids): void;

  /** How often row `id` occurred, decayed to the present step if there is a half-life. */
  tally(id: number): number;

  /** The tallies of `ids`, or of all rows. */
  tallies(ids?: Ids, out?: Float64Array): Float64Array;

  /**
   * The `k` rows with the highest tallies, highest first; of equals, the lower id first. The padding row is left out. Costs in proportion to the table.
   * @param k An integer of at least 0. There are no more than there are rows.
   */
  hottest(k: number): Uint32Array;

  /** The same with the lowest tallies, lowest first. Rows that never occurred have a tally of 0. */
  coldest(k: number): Uint32Array;

  /**
   * How many rows have which tally: those that never occurred (from 0 below 0), then classes by powers of two up to the highest tally there is: above 0 and
   * below 2, below 4, below 8 ... The last of 33 has no upper end. The padding row is left out.
   */
  tallyHistogram(): TallyClass[];

  /**
   * The learning rate each row would get if it occurred once in the next step, as far as the past decides it: the present
   * gradient's square counts as 0. Rules with a rate an element give the mean over the row's elements; the padding row's rate is 0.
   */
  rates(ids: Ids, out?: Float32Array): Float32Array;

  /**
   * Catches up all rows with the steps they have missed (see {@link Scope}), and forgets the learning rates that the table kept for
   * it: about 100 bytes for each change of the rate since the last flush. Costs in proportion to the table. Look-ups give the same before and after, up to
   * the rounding of a narrow `dtype`.
   */
  flush(): void;

  /**
   * SHA-256 of weights, state, tallies, last-seen steps, rule scalars and step, as 64 hex digits. Two tables with the same
   * fingerprint hold the same bits, whatever runs them.
   */
  fingerprint(): string;

  /** An independent copy: same bits, same options. */
  clone(): EmbeddingTable;

  /**
   * Makes it a table of `rows` rows: new ones are what they would have been from the start. Costs in proportion to the table, and for that time
   * memory for both. With `fa-sgd` new rows are expected 0 times, which takes `maxLr`.
   * @param rows An integer of at least as many as there are, up to 4,294,967,295.
   */
  grow(rows: number): void;

  /**
   * Writes the table to a checkpoint, one safetensors file, from which {@link EmbeddingTable.load} goes on with the same bits. Until it is written, calls that
   * would change the table throw `ERR_SAVING`; look-ups work. It takes some 8 MB beside the table, and blocks the event loop for some milliseconds
   * at a time.
   *
   * A path or a file handle has the old file or the new one, whenever the process or machine stops: what is written goes to a
   * temporary file beside it first. The file has the tensors `weight` (as PyTorch's `nn.Embedding`), `tally` and what else there is of the table,
   * and in its metadata, under `tallygrad`, the options as JSON. A schedule that is a function is not in it.
   * @param target Where to. Left out: a Blob, which holds the table once more.
   */
  save(target?: undefined, options?: LongCallOptions): Promise<Platform<"Blob">>;
  save(target: Target, options?: LongCallOptions): Promise<void>;

  /**
   * The table of a checkpoint, on any backend and with any number of threads. Nothing in a file is trusted: one that is cut off, changed or
   * something else is refused with `ERR_FILE_FORMAT`, before memory for a table is taken where its header shows it.
   */
  static load(source: Source, options?: LoadOptions): Promise<EmbeddingTable>;

  /**
   * Gives the memory back now. Afterwards only `rows`, `dim`, `backend` and `dispose` itself answer; everything else throws `ERR_DISPOSED`.
   * A table that is garbage-collected gives its memory back by itself.
   */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** A class of the platform's, also for programs that are compiled without the types of it. */
export type Platform<Name extends string> = typeof globalThis extends { [Key in Name]: { prototype: infer Instance } }
  ? Instance
  : object;

/**
 * What bytes are read from: the path of a file or its `file:` URL, where the runtime has files; a Blob or File; bytes; or a stream of
 * `Uint8Array`s such as `(await fetch(url)).body`, which is read to its end or cancelled. What the file system refuses is thrown as it says it (`ENOENT` and so on).
 */
export type Source =
  | string
  | Platform<"URL">
  | Platform<"Blob">
  | ArrayBuffer
  | Uint8Array
  | Platform<"ReadableStream">;

/**
 * What bytes are written to: the path of a file or its `file:` URL, where the runtime has files; a stream of `Uint8Array`s, which is closed at the end
 * and aborted on failure; or a `FileSystemFileHandle`, as of a page's own file system.
 *
 * Files have all of the new content or, after a failure and while it is written, all of the old: it is written to a hidden file beside the path
 * (`.name.random.tmp`; a killed process leaves it behind), brought to the disk, and moved to the path. A link stays a link, and a file keeps its permissions, but not its owner. Devices and pipes are written as they are.
 */
export type Target =
  | string
  | Platform<"URL">
  | Platform<"WritableStream">
  | { createWritable(): Promise<Platform<"WritableStream">> };

/** How far a call that takes long has come, in bytes. */
export interface Progress {
  done: number;
  /** Where it is known beforehand. */
  total: number | undefined;
}

/** What calls that take long may be told. */
export interface LongCallOptions {
  /** Stops the call, which then rejects with the signal's reason. */
  signal?: Platform<"AbortSignal"> | undefined;
  /** Called now and then. What it throws stops the call. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** What a table's checkpoint leaves open. */
export interface LoadOptions extends LongCallOptions {
  /** As in {@link TableOptions}. */
  backend?: "auto" | "native" | "wasm";
  /** As in {@link TableOptions}. */
  threads?: number;
  /** Required if the table's schedule was a function (`ERR_MISSING_OPTION`), and only then (`ERR_OPTION_CONFLICT`). */
  schedule?: (step: number) => number;
}

/** The same for several tables. */
export interface LoadAllOptions extends Omit<LoadOptions, "schedule"> {
  /** Schedules that are functions, by the members' names; those of features are called `member.feature`. */
  schedules?: Readonly<Record<string, (step: number) => number>>;
}

/** What a checkpoint of several can hold. */
export type Member = EmbeddingTable | EmbeddingTables | Vocabulary;

/**
 * Writes several members to one checkpoint, as they are at one moment, like {@link EmbeddingTable.save}. The tensors' names begin with the member's:
 * `users.weight`.
 *
 * @example
 * import { EmbeddingTable, loadAll, saveAll } from "tallygrad";
 *
 * const words = new EmbeddingTable({ rows: 1000, dim: 4 });
 * const contexts = new EmbeddingTable({ rows: 1000, dim: 4, optimizer: { type: "adam" } });
 * const file = await saveAll({ words, contexts });           // a Blob; saveAll(…, "model.safetensors") writes a file
 * const members = await loadAll(file);
 * members.words.fingerprint() === words.fingerprint();       // true
 */
export declare function saveAll(
  members: Readonly<Record<string, Member>>,
  target?: undefined,
  options?: LongCallOptions,
): Promise<Platform<"Blob">>;
export declare function saveAll(
  members: Readonly<Record<string, Member>>,
  target: Target,
  options?: LongCallOptions,
): Promise<void>;

/**
 * The members of a checkpoint by their names; a table that was saved by itself has the name `""`. The type of each is the caller's to
 * know: `loadAll<{ words: EmbeddingTable }>(file)`.
 */
export declare function loadAll<Members extends Record<string, Member> = Record<string, Member>>(
  source: Source,
  options?: LoadAllOptions,
): Promise<Members>;

/** A feature's part in a batch of {@link EmbeddingTables}. */
export interface FeatureBatch {
  ids: Ids;
  /** `ids.length * dim` float32, row-major: the gradient at each occurrence. */
  gradients: Float32Array;
}

/**
 * Tables of several features, whose steps are one: all tables take it or none, and threads share the tables.
 *
 * @example
 * import { EmbeddingTables } from "tallygrad";
 *
 * const tables = new EmbeddingTables({
 *   user: { rows: 10_000, dim: 16 },
 *   item: { rows: 50_000, dim: 16, optimizer: { type: "cf-sgd", lr: 0.1, maxLr: 0.02 } },
 *   lastItem: "item", // shares the table of item
 * });
 * const vectors = tables.lookup({ user: [7, 8], item: [3, 4], lastItem: [1, 3] });
 * tables.update({
 *   user: { ids: [7, 8], gradients: vectors.user },
 *   item: { ids: [3, 4], gradients: vectors.item },
 *   lastItem: { ids: [1, 3], gradients: vectors.lastItem },
 * });
 * tables.table("item").tally(3); // 2
 */
export declare class EmbeddingTables<Feature extends string = string> implements Disposable {
  /**
   * @param features For each feature the options of its table, a table that is there, or the name of the feature whose table it shares. All tables run
   *   on one backend (`ERR_OPTION_CONFLICT` otherwise).
   */
  constructor(features: Readonly<Record<Feature, TableOptions | EmbeddingTable | string>>);

  /** The features' names, as given. */
  readonly features: readonly Feature[];

  /** A feature's table. It can be used like any other; it is disposed with the others. */
  table(feature: Feature): EmbeddingTable;

  /** Looks up rows of some or all features. */
  lookup<Asked extends Feature>(ids: Readonly<Record<Asked, Ids>>): Record<Asked, Float32Array>;

  /**
   * One step of the tables of the features in the batch; tables of no such feature take none. Features that share a table make one batch of it, in the
   * order in which they were given to the constructor.
   * Refusals name the feature: `user: ids[3] is 10000, but ...`.
   * @returns How many rows were skipped, in all tables.
   */
  update(batch: Readonly<Partial<Record<Feature, FeatureBatch>>>, options?: UpdateOptions): number;

  /** Disposes all tables. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** What a vocabulary maps to rows: `"1"`, `1` and `1n` are three keys, 0 and -0 one. Bigints are from -2^63 to 2^64 - 1. */
export type Key = string | number | bigint;

/**
 * What a key without a row must have done to get one.
 * - `"count"`: have occurred `least` times. At most `candidates` keys (default 4 * the first capacity) are counted at a time; when they are as many, all their counts
 *   are halved and keys of which nothing is left forgotten.
 * - `"bloom"`: the same in a counting Bloom filter of `counters` bytes (default 8 * the first capacity), where a key may count as having occurred more often than it did.
 *   `least` is at most 255. After as many refusals as there are counters all counters are halved.
 * - `"probability"`: be drawn, in each batch anew, by a hash of seed, key and step.
 */
export type Admission =
  | { type: "count"; least: number; candidates?: number }
  | { type: "bloom"; least: number; counters?: number }
  | { type: "probability"; probability: number };

/**
 * Which keys lose their rows when there is none left for a new one: those that occurred least, that were not seen for the longest time, that have the lowest
 * count / (age + 1)^exponent (default 1); or every key that was not seen for more than `steps` steps, and no other. Ages are in steps, calls of
 * {@link Vocabulary.rows}. A sixteenth of the capacity is freed at a time, or as much as the batch needs. Of equals the key that was not seen for longer goes
 * first, then the lower row. Keys of the batch itself keep theirs.
 */
export type Eviction =
  | { type: "least-frequent" | "least-recent" }
  | { type: "score"; exponent?: number }
  | { type: "time-to-live"; steps: number };

/** Options of a new vocabulary. */
export interface VocabularyOptions {
  /** Rows, of which row 0 is shared by all keys that have none of their own: an integer from 2 to 4,294,967,295. */
  capacity: number;
  /** Default: every key is admitted. */
  admission?: Admission;
  /** Default: no key loses its row, and when there is none left new keys share row 0. */
  eviction?: Eviction;
  /** Seed of admission by probability: an integer from 0 to 2^53 - 1. Default 0. */
  seed?: number;
  /**
   * Tables of `capacity` rows that go along: rows that get another key are made new in them ({@link EmbeddingTable.resetRows}), and they grow with the
   * vocabulary. They are not disposed with it.
   */
  tables?: readonly EmbeddingTable[];
  /** As in {@link TableOptions}. */
  backend?: "auto" | "native" | "wasm";
}

/** What runs a vocabulary. */
export type VocabularyBackend = Pick<Backend, "kind" | "reason">;

/**
 * Rows for keys that nobody counted in advance: each new key gets the next row, in the order in which keys first occur.
 * What a vocabulary does depends on the keys it is given and their order alone. All methods check their arguments first; a call that throws changes nothing.
 *
 * @example
 * import { EmbeddingTable, Vocabulary } from "tallygrad";
 *
 * const table = new EmbeddingTable({ rows: 10_000, dim: 8 });
 * const words = new Vocabulary({ capacity: 10_000, eviction: { type: "least-recent" }, tables: [table] });
 * const rows = words.rows(["to", "be", "or", "not", "to", "be"]);   // 1 2 3 4 1 2
 * table.update(rows, new Float32Array(rows.length * 8).fill(0.1));
 * words.lookup(["be", "question"]);                                  // 2 0
 * words.key(4);                                                      // "not"
 */
export declare class Vocabulary implements Disposable {
  /** @throws the option codes, and TypeError `ERR_WRONG_CLASS` for what is no table. */
  constructor(options: VocabularyOptions);

  /** Rows, with the shared one. */
  readonly capacity: number;
  /** Keys that have a row of their own. */
  readonly size: number;
  /** Calls of `rows` so far. */
  readonly step: number;
  /** Bytes held. */
  readonly memory: number;
  /** What runs it. */
  readonly backend: VocabularyBackend;

  /**
   * The row of each key. Keys without one get one, if they are admitted and there is one; else 0. One step.
   * @param out Written from its start and returned, if given: at least `keys.length` long.
   */
  rows(keys: readonly Key[], out?: Uint32Array): Uint32Array;

  /**
   * The row of each key, 0 for those that have none. Nothing changes. This is how a batch is mapped whose keys were seen before, for instance when its gradients come
   * later: a key that was evicted meanwhile has row 0, and its gradient touches no other key's row.
   */
  lookup(keys: readonly Key[], out?: Uint32Array): Uint32Array;

  /** The key that has a row, if one has. */
  key(row: number): Key | undefined;

  /** Makes it, and its tables, one of `capacity` rows: an integer of at least what there are. */
  grow(capacity: number): void;

  /** SHA-256 of what steps have made of it, as 64 hex digits. */
  fingerprint(): string;

  /** An independent copy, without tables. */
  clone(): Vocabulary;

  /** Gives the memory back now. Afterwards only `capacity`, `backend` and `dispose` answer. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** A `WebAssembly.Module`, also for programs that are compiled without the types of one. */
export type WasmModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } }
  ? Module
  : object;

/**
 * Gives the kernel as a compiled module, in place of the bytes inside the package: for pages that fetch `tallygrad/kernel.wasm` by themselves,
 * from a CDN say, and for workers that are sent a module so that it is compiled but once. Call it before the first table is made.
 * Neither way is needed otherwise. On pages with a content security policy, compiling WebAssembly takes `'wasm-unsafe-eval'` in either.
 *
 * @throws TypeError `ERR_WRONG_CLASS`, Error `ERR_WASM_UNAVAILABLE` if it is not the kernel of this version, Error `ERR_WASM_LOADED`.
 */
export declare function setWasmModule(module: WasmModule): void;

/** What `tallygrad/models` shares with this entry, of the same version. Not a part of the contract. */
export declare const internals: object;

/** The `code` of every error this package throws. */
export type ErrorCode =
  /** RangeError: an id is negative, fractional, NaN or not below `rows`. */
  | "ERR_ID_OUT_OF_RANGE"
  /** TypeError: an argument is not of a class it may have. */
  | "ERR_WRONG_CLASS"
  /** RangeError: an array is too short, too long or not `ids.length * dim` long. */
  | "ERR_WRONG_LENGTH"
  /** RangeError: offsets do not begin with 0, fall, or do not end with `ids.length`. */
  | "ERR_OFFSETS"
  /** TypeError: there is no feature of this name. */
  | "ERR_UNKNOWN_FEATURE"
  /** RangeError: a gradient, weight or scale is NaN or infinite where it may not be. */
  | "ERR_NON_FINITE"
  /** TypeError: an array's buffer was transferred away. */
  | "ERR_DETACHED_BUFFER"
  /** TypeError: an array lies in a SharedArrayBuffer, which another thread may change during the call. */
  | "ERR_SHARED_BUFFER"
  /** TypeError: an array lies in a resizable buffer. */
  | "ERR_RESIZABLE_BUFFER"
  /** RangeError: `out` shares bytes with `ids`. */
  | "ERR_OVERLAPPING_ARRAYS"
  /** TypeError: `setRows` was given something other than zeros for the padding row. */
  | "ERR_PADDING_ROW"
  /** TypeError: an option that has no default is not there. */
  | "ERR_MISSING_OPTION"
  /** TypeError: no option has this name; the message suggests the nearest. */
  | "ERR_UNKNOWN_OPTION"
  /** RangeError: an option has a value outside its range. */
  | "ERR_OPTION_VALUE"
  /** TypeError: two options exclude each other. */
  | "ERR_OPTION_CONFLICT"
  /** Error: a file is not what it should be, or not all of it; the message says where and what was found. */
  | "ERR_FILE_FORMAT"
  /** Error: a line of data is not what it should be; the message has file, line, field and what was found. */
  | "ERR_DATA"
  /** Error: a call would change a table that is being saved. */
  | "ERR_SAVING"
  /** Error: the memory a table or batch needs cannot be had. */
  | "ERR_OUT_OF_MEMORY"
  /** Error: the table was disposed. */
  | "ERR_DISPOSED"
  /** Error: a step was cut off by a fault inside the kernel; the table may be half updated and refuses to go on. */
  | "ERR_POISONED"
  /** Error: the native addon was asked for and cannot be loaded. */
  | "ERR_ADDON_MISSING"
  /** Error: WebAssembly is needed and cannot be had, or a module is not this version's kernel. */
  | "ERR_WASM_UNAVAILABLE"
  /** Error: `setWasmModule` was called after the first table. */
  | "ERR_WASM_LOADED"
  /** Error: a table took a step while it was written. */
  | "ERR_TABLE_CHANGED"
  /** Error: a call would change a model of `tallygrad/models` that `fit` is training. */
  | "ERR_TRAINING"
  /** Error: a model of `tallygrad/models` was asked before `fit` has made what it was asked for. */
  | "ERR_NOT_TRAINED";

/** What every error of this package has besides its class and message. */
export interface TallygradError extends Error {
  code: ErrorCode;
}
