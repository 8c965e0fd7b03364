/** How models are trained: passes over data in batches, evaluations on the way, and the way back to the best of them. */

import type { Data, Examples, FitOptions, FitProgress, History, Metrics } from "../../models.d.ts";
import { checkNames, coded, integer, isObject, Pauses, shown } from "./core.js";
import { selected } from "./data/select.js";
import { Gatherer, type Prepared, weightOf } from "./prepared.js";
import { Random } from "./random.js";

/** What is trained. */
export interface Trainee {
  /** Fields of an example. */
  readonly width: number;
  readonly seed: number;
  /** Whether which rows keys have depends on when they are asked for: then each batch's are asked for in its turn. */
  readonly keysChange: boolean;
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
  return new Training(model, plan).run(data);
}

/** Whether data is in memory as a whole. */
export function isExamples(data: Data): data is Examples {
  return isObject(data) && "columns" in data;
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
    const { validation, epochs, shuffle } = this.#plan;
    const { seed, keysChange } = this.#model;
    const count = data.labels.length;
    let order: Uint32Array | undefined;
    if (typeof validation === "number") {
      const shuffled = new Random(seed, "validation").permutation(count);
      const held = Math.round(validation * count);
      if (held === 0 || held === count) {
        throw coded(
          "ERR_OPTION_VALUE",
          `validation must leave some of ${count} examples to both parts, but is ${validation}`,
        );
      }
      this.#validation = selected(data, shuffled.subarray(0, held).sort());
      order = shuffled.subarray(held).sort();
    } else {
      this.#validation = validation;
    }
    this.#size = order?.length ?? count;
    this.#nextEvaluation = this.#plan.validateEvery * this.#size;
    const whole = keysChange ? undefined : this.#model.prepare(data);
    const training = order === undefined ? data : selected({ ...data, columns: {} }, order);
    this.#model.begin(training.labels, training.weights);
    for (; this.#epoch <= epochs && !this.#stopped; this.#epoch++) {
      if (shuffle) order = shuffledOrder(order, count, seed, this.#epoch);
      const picked = order;
      const batchOf = (start: number, end: number): Prepared => {
        if (whole !== undefined) return this.#gatherer.take(whole, start, end, picked);
        const positions =
          picked?.subarray(start, end) ?? Uint32Array.from({ length: end - start }, (_, i) => start + i);
        return this.#model.prepare(selected(data, positions));
      };
      await this.#pass(this.#size, batchOf);
    }
    this.#epoch = epochs;
  }

  async #runInPieces(data: Iterable<Examples> | AsyncIterable<Examples>): Promise<void> {
    const { validation, epochs, shuffle } = this.#plan;
    if (typeof validation === "number") {
      throw coded("ERR_OPTION_CONFLICT", "validation cannot be a share of data that come in pieces: give examples");
    }
    if (shuffle && this.#plan.epochs === 1) {
      throw coded("ERR_OPTION_CONFLICT", "shuffle cannot be combined with data that come in pieces");
    }
    this.#validation = validation;
    for (; this.#epoch <= epochs && !this.#stopped; this.#epoch++) {
      const before = this.#history.examples;
      for await (const piece of data) {
        const whole = this.#model.prepare(piece);
        this.#model.begin(whole.labels, whole.weights);
        await this.#pass(whole.count, (start, end) => this.#gatherer.take(whole, start, end));
        if (this.#stopped) break;
      }
      const seen = this.#history.examples - before;
      if (seen === 0) {
        const why = this.#epoch === 1 ? "are empty" : "can be iterated but once: give a reader, an array, or one epoch";
        throw coded("ERR_OPTION_VALUE", `data ${why}`);
      }
      this.#size ??= seen;
      // In the first epoch nobody knew where its parts are.
      if (this.#epoch === 1) this.#nextEvaluation = seen;
      this.#evaluateIfDue();
    }
    this.#epoch = epochs;
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
    const { patience, validateEvery } = this.#plan;
    if (this.#validation === undefined || examples < this.#nextEvaluation) return;
    this.#nextEvaluation += validateEvery * (this.#size ?? 0);
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

/** The same positions, or all, in an order of this epoch's. */
function shuffledOrder(positions: Uint32Array | undefined, count: number, seed: number, epoch: number): Uint32Array {
  const order = new Random(seed, `epoch ${epoch}`).permutation(positions?.length ?? count);
  // Sorted first: an epoch's order is its own, not one that follows from the last one's.
  const sorted = positions?.slice().sort();
  return sorted === undefined ? order : order.map((index) => sorted[index] ?? 0);
}

function checkedPlan(options: FitOptions): Plan {
  const given = checkNames("options", options, OPTIONS);
  const { validation, earlyStopping = false, signal, onProgress } = given;
  const epochs = integer("epochs", given.epochs ?? 1, 1, Number.MAX_SAFE_INTEGER);
  const shuffle = given.shuffle ?? epochs > 1;
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
    batchSize: integer("batchSize", given.batchSize ?? 1024, 1, MOST_EXAMPLES),
    shuffle,
    validateEvery: above0("validateEvery", given.validateEvery ?? 1),
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

function above0(name: string, value: unknown): number {
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw coded("ERR_OPTION_VALUE", `${name} must be a number above 0, but is ${shown(value)}`);
}
