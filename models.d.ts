/// <reference lib="esnext.disposable" />

/**
 * tallygrad/models: factorization machines, DeepFM and skip-gram over the tables of `tallygrad`, and readers for the data they learn from.
 *
 * This file is the contract, written by hand; `src/models` implements it. The exact arithmetic is in `docs/models.md`. Every model gives the same bits
 * on every backend and at any number of threads.
 */

import type {
  Admission,
  Backend,
  EmbeddingTable,
  Eviction,
  Init,
  Key,
  LoadOptions,
  LongCallOptions,
  Optimizer,
  Platform,
  Schedule,
  Source,
  TableOptions,
  Target,
  Vocabulary,
} from "./index.d.ts";

/** What a field of an example holds. */
export interface FieldOptions {
  /**
   * Ids that there are, for columns of integers: `0 <= id < rows`. Required unless the model has a vocabulary, and then not allowed.
   */
  rows?: number;
  /**
   * What several values in one example make together: their `"sum"`, or their `"mean"`, in which each of n values has the weight 1 / n. Weights that come
   * with a column take the place of either. Default "mean".
   */
  bag?: "sum" | "mean";
  /** The field is a number, which multiplies the one row it has. Not with `rows`. Default false. */
  numeric?: boolean;
}

/** The same, or the number of ids alone. */
export type Field = number | FieldOptions;

/** Several values an example: those of example i are from `offsets[i]` to `offsets[i + 1] - 1`; there may be none. */
export interface BagColumn {
  values: Uint32Array | Int32Array | readonly Key[];
  /** One more than there are examples; begins with 0, ends with `values.length`, does not fall. */
  offsets: Uint32Array | Int32Array | readonly number[];
  /** What each value is multiplied with: finite. Not with numeric fields (`ERR_OPTION_CONFLICT`). Default: as the field's `bag` says. */
  weights?: Float32Array;
}

/**
 * A field of many examples: ids where the field has `rows`, keys where the model has a vocabulary, floats where the field is numeric. A missing
 * value is a bag without values.
 */
export type Column = Uint32Array | Int32Array | Float32Array | Float64Array | readonly Key[] | BagColumn;

/** Examples, column by column. */
export interface Examples {
  columns: Readonly<Record<string, Column>>;
  /** 0 or 1 with logistic loss, anything finite with squared loss. */
  labels: Float32Array | Float64Array | Uint8Array | readonly number[];
  /** What each example's loss is multiplied with: finite, at least 0. Default: 1. */
  weights?: Float32Array;
}

/**
 * What models learn from: examples in memory, or pieces of them one after the other. Whoever wants several epochs of pieces gives something
 * that can be iterated several times, as readers can; generators cannot.
 */
export type Data = Examples | Iterable<Examples> | AsyncIterable<Examples>;

/** What both kinds of machine are made of. */
export interface MachineOptions {
  /** The fields of an example by their names. */
  fields: Readonly<Record<string, Field>>;
  /** Floats a vector: 1 to 65,536. Default 16. */
  dim?: number;
  /**
   * The rule of vectors and biases. Default: `{ type: "tallygrad" }` with squared loss, whose scale is the labels'; with logistic loss, whose gradients have a
   * scale of their own, `{ type: "tallygrad", lr: 0.06, floor: 0.5 }`, which docs/results.md holds against tuned rivals.
   */
  optimizer?: Optimizer;
  /** How the learning rate of vectors and biases goes from step to step. Default: it stays. */
  schedule?: Exclude<Schedule, (step: number) => number>;
  /**
   * Rows for keys that nobody counted: all fields share them, and a field's keys are its own. Row 0 is that of all keys without a row.
   * Default: there is none, and fields have `rows`.
   */
  vocabulary?: { capacity: number; admission?: Admission; eviction?: Eviction };
  /** `"logistic"` for labels 0 and 1, `"squared"`, (prediction - label)^2 / 2, for numbers. Default "logistic". */
  loss?: "logistic" | "squared";
  /**
   * The constant part of predictions, which is not trained. Default: log-odds or mean of the labels of the first data that `fit` or `partialFit` learns from, of pieces
   * those of the first.
   */
  intercept?: number;
  /** First vectors. Default `{ type: "normal", scale: 0.01 }`. Biases begin at 0. */
  init?: Exclude<Init, Float32Array>;
  /** Seed of first weights and of shuffling: an integer from 0 to 2^53 - 1. Default 0. */
  seed?: number;
  /** How vectors are stored, and rounded; biases are float32. */
  dtype?: TableOptions["dtype"];
  rounding?: TableOptions["rounding"];
  backend?: TableOptions["backend"];
  threads?: TableOptions["threads"];
}

/** Options of a DeepFM. */
export interface DeepFMOptions extends MachineOptions {
  /** Widths of the hidden layers. Default [64, 32]. */
  hidden?: readonly number[];
  /** Adam's learning rate for the layers. Above 0. Default 0.001. */
  layerRate?: number;
}

/** How `fit` goes about it. */
export interface FitOptions {
  /** Passes over the data. An integer of at least 1. Default 1. */
  epochs?: number;
  /** Examples a step. An integer of at least 1. Default 1024. */
  batchSize?: number;
  /** Whether examples in memory are taken in another order in each epoch; pieces are taken as they come. Default: true if there are several epochs. */
  shuffle?: boolean;
  /** Examples to evaluate on now and then: these, or this share (between 0 and 1) of data in memory, drawn by the seed, which is not trained on. Default: none. */
  validation?: Examples | number;
  /** Epochs between two evaluations, such as 0.5. Default 1. */
  validateEvery?: number;
  /**
   * Ends when the validation loss has not fallen for so many epochs, and takes the model back to where it was lowest. Needs `validation`.
   * `true` is `{ patience: 2 }`. Default: no.
   */
  earlyStopping?: boolean | { patience: number };
  /** Stops between two steps; `fit` then rejects with the signal's reason, and the model is as far as it came. */
  signal?: Platform<"AbortSignal"> | undefined;
  /** Called some ten times a second, and after each evaluation. What it throws stops training. */
  onProgress?: ((progress: FitProgress) => void) | undefined;
}

/** How far `fit` has come. */
export interface FitProgress {
  /** From 1. */
  epoch: number;
  epochs: number;
  /** Examples trained on, in all epochs. */
  examples: number;
  /** How many there will be, where that is known. */
  total: number | undefined;
  /** Mean loss of the examples since the last call, each before it was learned from. */
  loss: number;
  /** Examples trained on in a second of training. */
  rate: number;
  /** The evaluation that was just made, if one was. */
  validation?: Metrics;
}

/** What came of `fit`. */
export interface History {
  /** Mean losses of examples before they were learned from, some hundred an epoch. */
  training: { examples: number; loss: number }[];
  /** Evaluations on validation data, and how many examples had been trained on before each. */
  validation: ({ trained: number } & Metrics)[];
  /** With `earlyStopping` the validation that the model was taken back to, by its place in the list: the one with the lowest loss, also where training went on to the end. */
  best: number | undefined;
  /** Examples trained on, and those of them in a second of training. */
  examples: number;
  rate: number;
}

/** How good predictions are. Where examples have weights, every mean is weighted, and a pair of examples has the product of its weights. Means of nothing are NaN. */
export interface Metrics {
  examples: number;
  /** The mean of what is minimised: log-loss in nats, or half the mean square. */
  loss: number;
  /** The probability that a positive example has a higher prediction than a negative one, ties counting half. `undefined` for squared loss and where all labels are equal. */
  auc: number | undefined;
  /** Mean prediction / mean label: above 1 where predictions are too high. Infinite or NaN where the mean label is 0. */
  calibration: number;
  /**
   * Ten groups of examples by rising prediction, as equal in number as can be: what was predicted in the mean, and what came true. Fewer groups if there
   * are fewer examples.
   */
  reliability: { examples: number; prediction: number; label: number }[];
  /**
   * Examples by how often the rarest of their rows was trained on: classes 0, 1, 2 to 3, 4 to 7 and so on, those without examples left out. Absent from
   * metrics of predictions whose counts are not known.
   */
  byCount: { from: number; below: number; examples: number; loss: number; auc: number | undefined }[];
}

/** What {@link metricsOf} may be told. */
export interface MetricsOptions {
  /** What predictions are: `"logistic"` for probabilities, whose labels are 0 or 1, `"squared"` for numbers. Default "logistic". */
  loss?: "logistic" | "squared";
  /** What each example counts: finite, at least 0. Default: 1. */
  weights?: Float32Array;
  /** For `byCount`: how often the rarest row of each example was trained on. At least 0. */
  counts?: Float64Array;
}

/**
 * Metrics of predictions, whoever made them. A probability of exactly 0 or 1 that is wrong counts as what was rounded to it at most: half of the least number
 * above 0, or half a unit below 1, so that such a loss is finite, and never more than the unrounded one.
 * @throws RangeError `ERR_WRONG_LENGTH`, `ERR_NON_FINITE`, `ERR_OPTION_VALUE` for labels and probabilities that are none.
 *
 * @example
 * import { metricsOf } from "tallygrad/models";
 *
 * const { loss, auc } = metricsOf(Float32Array.of(0.9, 0.4, 0.6), [1, 0, 0]);
 * auc;                                                                              // 1: the positive one is the highest
 */
export declare function metricsOf(
  predictions: Float32Array | Float64Array,
  labels: Examples["labels"],
  options: MetricsOptions & { counts: Float64Array },
): Metrics;
export declare function metricsOf(
  predictions: Float32Array | Float64Array,
  labels: Examples["labels"],
  options?: MetricsOptions,
): Omit<Metrics, "byCount">;

/** What machines have in common. */
export declare abstract class Machine implements Disposable {
  /** Vectors, one row for each id of each field, field by field; or one for each row of the vocabulary. */
  readonly vectors: EmbeddingTable;
  /** Biases, for the same rows. */
  readonly biases: EmbeddingTable;
  /** Rows of keys, if the model has any. */
  readonly vocabulary: Vocabulary | undefined;
  /** The constant part of predictions; NaN before the first data. */
  readonly intercept: number;
  readonly loss: "logistic" | "squared";
  readonly backend: Backend;

  /**
   * Trains. One call at a time: meanwhile other calls that would change the model, and `save`, throw `ERR_TRAINING`. What is wrong with examples in memory, with a
   * piece or with those for validation is said before any of them is learned from.
   */
  fit(data: Data, options?: FitOptions): Promise<History>;

  /**
   * One step on a batch, for examples as they come. Gives its mean loss before the step. Without examples it is none, and gives NaN. What is refused changes nothing, but
   * that keys of a step that was not finite keep the rows they got (`ERR_NON_FINITE`).
   */
  partialFit(examples: Examples): number;

  /** Probabilities (logistic) or values (squared), one an example. Labels are not needed. */
  predict(examples: Pick<Examples, "columns">): Float32Array;

  /** How good the model is on data. */
  evaluate(data: Data): Promise<Metrics>;

  /** Rows of a field's ids or keys in `vectors` and `biases`; those of keys without one are 0. Numbers of a numeric field all have its one row. */
  rowsOf(field: string, values: Uint32Array | Int32Array | readonly Key[]): Uint32Array;

  /** Writes everything to one file, a checkpoint as tables write. */
  save(target?: undefined, options?: LongCallOptions): Promise<Platform<"Blob">>;
  save(target: Target, options?: LongCallOptions): Promise<void>;

  /** An independent copy. */
  clone(): this;

  /** SHA-256 of all that is trained, as 64 hex digits. */
  fingerprint(): string;

  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * A factorization machine (Rendle, 2010): prediction = intercept + the sum of the biases of an example's values + the sum over all pairs of values
 * of their vectors' dot products, each value times its weight.
 *
 * @example
 * import { FactorizationMachine } from "tallygrad/models";
 *
 * const model = new FactorizationMachine({ fields: { user: 1000, film: 500 } });
 * const columns = { user: Uint32Array.of(7, 7, 12), film: Uint32Array.of(42, 8, 42) };
 * const history = await model.fit({ columns, labels: [1, 0, 1] }, { epochs: 5 });
 * model.predict({ columns });                                                       // three probabilities
 */
export declare class FactorizationMachine extends Machine {
  constructor(options: MachineOptions);
  static load(source: Source, options?: Omit<LoadOptions, "schedule">): Promise<FactorizationMachine>;
}

/**
 * DeepFM (Guo et al., 2017): a factorization machine plus a network over the same vectors, those of a field summed, field behind field: hidden layers with
 * ReLU and one output. The layers are tables too, with Adam over all rows.
 */
export declare class DeepFM extends Machine {
  constructor(options: DeepFMOptions);
  static load(source: Source, options?: Omit<LoadOptions, "schedule">): Promise<DeepFM>;
  /** Each layer's units as rows: weights, and the bias last. */
  readonly layers: readonly EmbeddingTable[];
}

/** Options of skip-gram. */
export interface SkipGramOptions {
  /** Floats a vector: 1 to 65,536. Default 100. */
  dim?: number;
  /** Words to each side, of which each time 1 to all are taken, as likely each; or `"all"`: the whole sentence, as for baskets and sessions (item2vec). Default 5. */
  window?: number | "all";
  /** Words drawn against each pair. An integer of at least 1. Default 5. */
  negatives?: number;
  /** Words that occur less often are left out. Default 5. */
  minCount?: number;
  /** Words more frequent than this share are thinned out: kept with probability sqrt(s / f) + s / f. 0 turns it off. Default 1e-3. */
  subsample?: number;
  /** Negatives are drawn in proportion to count^power. Default 0.75. */
  power?: number;
  /** The rule of both tables. Default: `{ type: "tallygrad", lr: 0.1 }`, which docs/results.md holds against rivals. */
  optimizer?: Optimizer;
  /** Words a step: sentences are taken together up to so many. Default 1024. */
  batchWords?: number;
  /** Seed of all draws. Default 0. */
  seed?: number;
  backend?: TableOptions["backend"];
  threads?: TableOptions["threads"];
}

/** What skip-gram learns from: sentences, each a list of words (or a basket of items). Iterated once to count, and once an epoch. */
export type Sentences = Iterable<readonly Key[]> | AsyncIterable<readonly Key[]>;

/** How far skip-gram has come. */
export interface SkipGramProgress {
  /** 0 while words are counted, then from 1. */
  epoch: number;
  epochs: number;
  /** Words read in this epoch, and how many there are. */
  words: number;
  total: number | undefined;
  /** Mean loss of a pair and its negatives since the last call. */
  loss: number;
  /** Words a second. */
  rate: number;
}

/**
 * Skip-gram with negative sampling (Mikolov et al., 2013). The negatives of a word are shared by its whole window (Ji et al., 2016).
 *
 * @example
 * import { SkipGram } from "tallygrad/models";
 *
 * const model = new SkipGram({ dim: 50, minCount: 1 });
 * await model.fit([["the", "cat", "sat"], ["the", "dog", "sat"]], { epochs: 10 });
 * model.neighbors("cat", 2);                                                        // [{ word, similarity }, …]
 */
export declare class SkipGram implements Disposable {
  constructor(options?: SkipGramOptions);
  static load(source: Source, options?: Omit<LoadOptions, "schedule">): Promise<SkipGram>;

  /** The words' vectors, most frequent word first. Made by the first `fit`, which counts words. */
  readonly vectors: EmbeddingTable;
  /** Their vectors as contexts. */
  readonly contexts: EmbeddingTable;
  readonly words: readonly Key[];
  /** Occurrences of each word when they were counted. */
  readonly counts: Float64Array;
  readonly backend: Backend;

  /** Trains. The first call counts the words; later ones go on with the same words. */
  fit(
    sentences: Sentences,
    options?: {
      /** Default 5. */
      epochs?: number;
      signal?: Platform<"AbortSignal"> | undefined;
      onProgress?: ((progress: SkipGramProgress) => void) | undefined;
    },
  ): Promise<{ words: number; rate: number; training: { words: number; loss: number }[] }>;

  /** The vector of a word, if it is known. */
  vector(word: Key): Float32Array | undefined;
  /** Cosine of the angle between two words' vectors, NaN if either is unknown. */
  similarity(a: Key, b: Key): number;
  /** The k words with the highest similarity, best first, without the word itself. `k` at least 1, default 10. Empty for unknown words. */
  neighbors(word: Key, k?: number): { word: Key; similarity: number }[];

  /** Writes the vectors as word2vec does: text, or binary. */
  writeWord2vec(target?: undefined, options?: LongCallOptions & { binary?: boolean }): Promise<Platform<"Blob">>;
  writeWord2vec(target: Target, options?: LongCallOptions & { binary?: boolean }): Promise<void>;

  save(target?: undefined, options?: LongCallOptions): Promise<Platform<"Blob">>;
  save(target: Target, options?: LongCallOptions): Promise<void>;
  fingerprint(): string;
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * Examples on their way from a file, piece by piece: each iteration reads it anew, but for a stream, which can be read once. Whatever the file's size, no
 * more of it is held than a piece and some hundred kilobytes.
 *
 * Columns of keys have the file's texts: `readonly string[]`, or a `BagColumn` in pieces where a value is missing, whose bag then is empty; those of several
 * values are always bags; those of numbers are `Float32Array`s. Labels are a `Float32Array`.
 *
 * Files are UTF-8, with or without a byte order mark, and lines end with a line feed, with a carriage return before it or not. Empty lines are
 * passed over. A file without a byte, a damaged gzip, and a header that does not have what is asked for are refused with `ERR_DATA` in any case.
 */
export interface ExampleReader extends AsyncIterable<Examples> {
  /** Lines that the last iteration left out, with `malformed: "skip"`. */
  readonly skipped: number;
  /** The fields there are, as a model with a vocabulary takes them. Reads the first line where names come from the file. */
  fields(): Promise<Record<string, FieldOptions>>;
  /** All examples in memory, as one piece. There may be none. */
  all(): Promise<Examples>;
}

/** What all readers may be told. Progress is in bytes of the file, zipped as it is. */
export interface ReadOptions extends LongCallOptions {
  /**
   * What a line does that is not as it should be: `"error"` throws `ERR_DATA`, whose message has file, line (the first is 1), field and what was found;
   * `"skip"` leaves it out and counts it. Such lines have another number of fields than the first, a label or number that is none, quotes that RFC 4180
   * does not have, bytes that are not UTF-8, or more than 4 MB. Default "error".
   */
  malformed?: "error" | "skip";
  /** Examples a piece. An integer of at least 1. Default 65,536. */
  piece?: number;
}

/** Of files with a line an example and fields between delimiters. */
export interface DelimitedOptions extends ReadOptions {
  /** The label's column, by its name. Its values are numbers that are finite as float32. */
  label: string;
  /** Numbers of at least this are 1 and others 0. Default: labels are as they are. */
  positiveFrom?: number;
  /** Columns to read, in this order. Default: all but the label. */
  fields?: readonly string[];
  /** Which of them are numbers, finite as float32. Missing ones are 0, which adds nothing to a prediction. Default: none. */
  numeric?: readonly string[];
  /** Which of them hold several values, and what stands between those: `{ genres: "|" }`. Empty values are left out. */
  bags?: Readonly<Record<string, string>>;
  /** Between fields. Default: a tab for names that end in .tsv or .tab (or that and .gz), else a comma. */
  delimiter?: string;
  /** Names of the columns, if the first line is not that. */
  header?: readonly string[];
  /** Whether fields may be in double quotes, in which there may be delimiters, line ends and doubled quotes. Without, quotes are text. Default true. */
  quotes?: boolean;
  /** `"latin1"` is ISO-8859-1. Default "utf-8". */
  encoding?: "utf-8" | "latin1";
}

/**
 * Reads delimited files (RFC 4180), gzipped or not. Values are keys, also where they look like numbers; empty ones are missing.
 *
 * @example
 * import { readDelimited } from "tallygrad/models";
 *
 * const file = new Blob(["click,user,price,tags\n", "1,ann,2.5,new|red\n", "0,bob,,\n"]);   // or a path
 * const clicks = readDelimited(file, { label: "click", numeric: ["price"], bags: { tags: "|" } });
 * const { columns, labels } = await clicks.all();
 * columns.user;                                                                     // ["ann", "bob"]
 * columns.price;                                                                    // 2.5, 0
 * columns.tags;                                                                     // { values: ["new", "red"], offsets: [0, 2, 2] }
 */
export declare function readDelimited(source: Source, options: DelimitedOptions): ExampleReader;

/**
 * Reads Criteo's display advertising format, gzipped or not: label, 13 integers, 26 categories, tabs between. The fields are I1 to I13 and C1 to C26. Integers
 * become categories, as is usual: up to 2 each its own ("-1", "2"), above that one of a class, floor(ln(x)^2) ("log5").
 */
export declare function readCriteo(source: Source, options?: ReadOptions): ExampleReader;

/** What {@link readMovieLens} may be told. */
export interface MovieLensOptions extends ReadOptions {
  /** `"ids"`: user and movie. `"all"`: with gender, age, occupation, zip and genres. Default "ids". */
  features?: "ids" | "all";
  /** Ratings of at least this are 1 and others 0; `false` gives the stars themselves. Default 4. */
  positiveFrom?: number | false;
}

/**
 * Reads a MovieLens-1M folder: ratings.dat, with or without timestamps, and for `"all"` users.dat and movies.dat, which are held in memory and have to have
 * the user and the movie of each rating. Malformed lines of theirs count, too; progress is that of ratings.dat.
 */
export declare function readMovieLens(folder: string | Platform<"URL">, options?: MovieLensOptions): ExampleReader;

/**
 * Reads sentences of a text in UTF-8, gzipped or not: a line each, words between spaces. After 10,000 words a line goes on as another sentence, so a text may be
 * one line. Each iteration reads it anew, but for a stream.
 */
export declare function readSentences(source: Source, options?: LongCallOptions): AsyncIterable<string[]>;

/**
 * Shares of examples in memory, drawn by a seed, each in random order: `split(examples, [0.8, 0.1, 0.1])`. All examples are in one of them.
 * @param shares From 0 to 1, and 1 in sum (`ERR_OPTION_VALUE`).
 * @param seed An integer from 0 to 2^53 - 1. Default 0.
 */
export declare function split(examples: Examples, shares: readonly number[], seed?: number): Examples[];

/** The examples at these positions, in this order; one may be taken several times. */
export declare function select(examples: Examples, positions: Uint32Array): Examples;
