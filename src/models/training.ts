/** How models are trained: passes over data in batches, evaluations on the way, and the way back to the best of them. */

import type { Data, Examples, FitOptions, FitProgress, History, Metrics } from "../../models.d.ts";
import { checkNames, coded, integer, isObject, Pauses, shown } from "./core.js";
import { selected } from "./data/select.js";
import { above0 } from "./numbers.js";
import { Gatherer, type Prepared, weightOf } from "./prepared.js";
import { Random } from "./random.js";

/** What is trained. */
export interface Trainee {
  /** Fields of an example. */
  readonly width: number;
  readonly seed: number;
  /** Whether which rows keys have depends on when they are asked for: then each batch's are asked for in its turn. */
  readonly keysChange: boolean;
  /** Refuses what is wrong with examples, before anything changes; gives their number. */
  check(examples: Examples): number;
  /** Told the labels that training begins with. */
  begin(labels: ArrayLike<number>, weights: Float32Array | undefined): void;
  prepare(examples: Examples): Prepared;
  /** One step; gives the summed loss before it. */
  step(batch: Prepared): number;
  evaluate(examples: Examples): Metrics;
  /** Keeps the model as it is, and gives what takes it back to that. */
  keep(): Kept;
}

/** A model as it was. */
export interface Kept {
  restore(): void;
  drop(): void;
}

/** What `fit` may be told, with defaults. */
interface Plan extends Required<Pick<FitOptions, "epochs" | "batchSize" | "shuffle" | "validateEvery">> {
  validation: Examples | number | undefined;
  /** In epochs; `undefined` if it goes on to the end. */
  patience: number | undefined;
  signal: AbortSignal | undefined;
  onProgress: ((progress: FitProgress) => void) | undefined;
}

/** Milliseconds between two calls of `onProgress`. */
const PROGRESS_EVERY = 100;
/** Points of the training curve in an epoch. */
const POINTS = 100;

export async function train(model: Trainee, data: Data, options: FitOptions): Promise<History> {
  const plan = checkedPlan(options);
  checkData(data);
  return new Training(model, plan).run(data);
}

/** Whether data is in memory as a whole. */
export function isExamples(data: Data): data is Examples {
  return isObject(data) && "columns" in data;
}

/** Refuses what is neither examples nor pieces of them. */
export function checkData(data: unknown): void {
  const isIterable =
    typeof data === "object" && data !== null && (Symbol.iterator in data || Symbol.asyncIterator in data);
  if (isIterable || (isObject(data) && "columns" in data)) return;
  throw coded("ERR_WRONG_CLASS", `data must be examples or an iterable of them, but is ${shown(data)}`);
}

class Training {
  readonly #model: Trainee;
  readonly #plan: Plan;
  readonly #gatherer: Gatherer;
  readonly #pauses = new Pauses();
  readonly #history: History = { training: [], validation: [], best: undefined, examples: 0, rate: 0 };
  readonly #point = new Mean();
  readonly #report = new Mean();
  #validation: Examples | undefined;
  /** Examples in an epoch, once that is known. */
  #size: number | undefined;
  #epoch = 1;
  /** Examples at which the next evaluation is due, if the size is known. */
  #nextEvaluation = Number.POSITIVE_INFINITY;
  #nextPoint = 0;
  #lastReport = performance.now();
  /** Milliseconds of training. */
  #time = 0;
  #kept: Kept | undefined;
  #stopped = false;

  constructor(model: Trainee, plan: Plan) {
    this.#model = model;
    this.#plan = plan;
    this.#gatherer = new Gatherer(model.width);
  }

  async run(data: Data): Promise<History> {
    try {
      await (isExamples(data) ? this.#runInMemory(data) : this.#runInPieces(data));
      if (this.#history.best !== undefined) this.#kept?.restore();
    } finally {
      this.#kept?.drop();
    }
    this.#history.rate = this.#rate();
    return this.#history;
  }

  async #runInMemory(data: Examples): Promise<void> {
    const { epochs, shuffle } = this.#plan;
    const { training, validation } = this.#divided(data);
    this.#validation = validation;
    const { count, take } = this.#taker(training);
    if (count === 0) throw coded("ERR_OPTION_VALUE", "data are empty");
    this.#size = count;
    this.#nextEvaluation = this.#evaluationAfter(0);
    this.#model.begin(training.labels, training.weights);
    for (; this.#epoch <= epochs && !this.#stopped; this.#epoch++) {
      // An epoch's order is its own, not one that follows from the last one's.
      const order = shuffle ? new Random(this.#model.seed, `epoch ${this.#epoch}`).permutation(count) : undefined;
      await this.#pass(count, (start, end) => take(start, end, order));
    }
    this.#epoch = epochs;
  }

  /** What is trained on and what is evaluated on, all of it checked. */
  #divided(data: Examples): { training: Examples; validation: Examples | undefined } {
    const { validation } = this.#plan;
    if (typeof validation !== "number") return { training: data, validation: this.#checkedValidation() };
    const count = this.#model.check(data);
    const held = Math.round(validation * count);
    if (held === 0 || held === count) {
      throw coded(
        "ERR_OPTION_VALUE",
        `validation must leave some of ${count} examples to both parts, but is ${validation}`,
      );
    }
    const order = new Random(this.#model.seed, "validation").permutation(count);
    const [heldOut, others] = [order.subarray(0, held).sort(), order.subarray(held).sort()];
    return { training: selected(data, others), validation: selected(data, heldOut) };
  }

  /** Examples that were given for validation: what is wrong with them is said before anything is learned. */
  #checkedValidation(): Examples | undefined {
    const { validation } = this.#plan;
    if (typeof validation !== "object") return undefined;
    if (this.#model.check(validation) > 0) return validation;
    throw coded("ERR_OPTION_VALUE", "validation must have examples, but has none");
  }

  async #runInPieces(data: Iterable<Examples> | AsyncIterable<Examples>): Promise<void> {
    const { validation, epochs, shuffle } = this.#plan;
    if (typeof validation === "number") {
      throw coded("ERR_OPTION_CONFLICT", "validation cannot be a share of data that come in pieces: give examples");
    }
    if (shuffle && epochs === 1) {
      throw coded("ERR_OPTION_CONFLICT", "shuffle cannot be combined with data that come in pieces");
    }
    this.#validation = this.#checkedValidation();
    for (; this.#epoch <= epochs && !this.#stopped; this.#epoch++) {
      const before = this.#history.examples;
      for await (const piece of data) {
        const { count, take } = this.#taker(piece);
        this.#model.begin(piece.labels, piece.weights);
        await this.#pass(count, take);
        if (this.#stopped) break;
      }
      this.#endEpoch(this.#history.examples - before);
    }
    this.#epoch = epochs;
  }

  /** After all pieces, of so many examples. */
  #endEpoch(seen: number): void {
    if (seen === 0) {
      const why = this.#epoch === 1 ? "are empty" : "can be iterated but once: give a reader, an array, or one epoch";
      throw coded("ERR_OPTION_VALUE", `data ${why}`);
    }
    this.#size ??= seen;
    // In the first epoch nobody knew where its parts are.
    if (this.#epoch === 1) this.#nextEvaluation = Math.max(seen, this.#evaluationAfter(0));
    this.#evaluateIfDue();
  }

  /** The number of examples, and what takes batches of them. */
  #taker(examples: Examples): { count: number; take: (start: number, end: number, order?: Uint32Array) => Prepared } {
    const model = this.#model;
    if (!model.keysChange) {
      const whole = model.prepare(examples);
      return { count: whole.count, take: (start, end, order) => this.#gatherer.take(whole, start, end, order) };
    }
    const all = (start: number, end: number): Uint32Array =>
      Uint32Array.from({ length: end - start }, (_, i) => start + i);
    return {
      count: model.check(examples),
      take: (start, end, order) => model.prepare(selected(examples, order?.subarray(start, end) ?? all(start, end))),
    };
  }

  /** Steps on all of these examples. */
  async #pass(count: number, batchOf: (start: number, end: number) => Prepared): Promise<void> {
    const { batchSize, signal } = this.#plan;
    for (let start = 0; start < count && !this.#stopped; start += batchSize) {
      signal?.throwIfAborted();
      const end = Math.min(start + batchSize, count);
      const since = performance.now();
      const batch = batchOf(start, end);
      const loss = this.#model.step(batch);
      this.#time += performance.now() - since;
      this.#history.examples += batch.count;
      const weight = weightOf(batch);
      this.#point.add(loss, weight);
      this.#report.add(loss, weight);
      this.#record();
      await this.#pauses.pause();
    }
  }

  /** Writes down, reports and evaluates what is due. */
  #record(): void {
    const { examples, training } = this.#history;
    if (examples >= this.#nextPoint) {
      training.push({ examples, loss: this.#point.take() });
      this.#nextPoint = examples + (this.#size ?? 0) / POINTS;
    }
    const evaluates = this.#validation !== undefined && this.#size !== undefined;
    if (evaluates && examples >= this.#nextEvaluation) this.#evaluateIfDue();
    else if (performance.now() - this.#lastReport >= PROGRESS_EVERY) this.#tell();
  }

  #evaluateIfDue(): void {
    const { examples, validation } = this.#history;
    const { patience } = this.#plan;
    if (this.#validation === undefined || examples < this.#nextEvaluation) return;
    this.#nextEvaluation = this.#evaluationAfter(examples);
    const metrics = this.#model.evaluate(this.#validation);
    validation.push({ trained: examples, ...metrics });
    this.#tell(metrics);
    if (patience === undefined) return;
    const best = validation[this.#history.best ?? -1];
    if (best === undefined || metrics.loss < best.loss) {
      this.#history.best = validation.length - 1;
      this.#kept?.drop();
      this.#kept = this.#model.keep();
    } else if (examples - best.trained >= patience * (this.#size ?? 0)) {
      this.#stopped = true;
    }
  }

  /** After how many examples an evaluation is due next. What a product was rounded by does not put it off for a batch. */
  #evaluationAfter(examples: number): number {
    const every = this.#plan.validateEvery * (this.#size ?? 0);
    return Math.ceil((Math.floor(examples / every + 1e-9) + 1) * every - 1e-6);
  }

  #tell(validation?: Metrics): void {
    const { epochs, onProgress } = this.#plan;
    this.#lastReport = performance.now();
    const { examples } = this.#history;
    const total = this.#size === undefined ? undefined : this.#size * epochs;
    const loss = this.#report.take();
    const progress = { epoch: this.#epoch, epochs, examples, total, loss, rate: this.#rate() };
    onProgress?.(validation === undefined ? progress : { ...progress, validation });
  }

  #rate(): number {
    return (1000 * this.#history.examples) / this.#time;
  }
}

/** A mean that is made bit by bit. */
class Mean {
  #sum = 0;
  #weight = 0;

  add(sum: number, weight: number): void {
    this.#sum += sum;
    this.#weight += weight;
  }

  take(): number {
    const mean = this.#sum / this.#weight;
    [this.#sum, this.#weight] = [0, 0];
    return mean;
  }
}

function checkedPlan(options: FitOptions): Plan {
  const given = checkNames("options", options, OPTIONS);
  const { validation, earlyStopping, signal, onProgress, batchSize = 1024, validateEvery = 1 } = given;
  const epochs = integer("epochs", given.epochs === undefined ? 1 : given.epochs, 1, Number.MAX_SAFE_INTEGER);
  const { shuffle = epochs > 1 } = given;
  if (typeof shuffle !== "boolean") {
    throw coded("ERR_OPTION_VALUE", `shuffle must be true or false, but is ${shown(shuffle)}`);
  }
  if (
    validation !== undefined &&
    !(typeof validation === "number" ? validation > 0 && validation < 1 : isObject(validation))
  ) {
    throw coded(
      "ERR_OPTION_VALUE",
      `validation must be examples or a number between 0 and 1, but is ${shown(validation)}`,
    );
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw coded("ERR_OPTION_VALUE", `signal must be an AbortSignal, but is ${shown(signal)}`);
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw coded("ERR_OPTION_VALUE", `onProgress must be a function, but is ${shown(onProgress)}`);
  }
  return {
    epochs,
    batchSize: integer("batchSize", batchSize, 1, MOST_EXAMPLES),
    shuffle,
    validateEvery: above0("validateEvery", validateEvery),
    validation,
    patience: patienceOf(earlyStopping, validation),
    signal: signal as AbortSignal | undefined,
    onProgress,
  };
}
const OPTIONS = [
  ...["epochs", "batchSize", "shuffle", "validation", "validateEvery", "earlyStopping", "signal", "onProgress"],
];
/** Of a batch, so that rows are never more than a table's positions. */
const MOST_EXAMPLES = 2 ** 24;

function patienceOf(earlyStopping: FitOptions["earlyStopping"], validation: unknown): number | undefined {
  if (earlyStopping === false || earlyStopping === undefined) return undefined;
  if (validation === undefined) throw coded("ERR_MISSING_OPTION", "earlyStopping needs validation");
  if (earlyStopping === true) return 2;
  if (!isObject(earlyStopping)) {
    throw coded("ERR_OPTION_VALUE", `earlyStopping must be true, false or an object, but is ${shown(earlyStopping)}`);
  }
  const { patience } = checkNames("earlyStopping", earlyStopping, ["patience"]);
  return above0("earlyStopping.patience", patience);
}
