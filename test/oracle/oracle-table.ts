/**
 * A table as plain loops: the independent check of the promise "same bits". Written from `docs/arithmetic.md` and
 * `index.d.ts` alone, slow on purpose, and without argument checks other than the `nonFinite` modes, which decide bits.
 */
import type { Ids, Init, Optimizer, TableOptions, UpdateOptions, WeightDecay } from "../../index.js";
import { at } from "./at.js";
import { half } from "./decay.js";
import { fingerprint } from "./fingerprint.js";
import { drawRow } from "./first-weights.js";
import { type CatchUp, catchUpOf } from "./missed-steps.js";
import { roundAtRandom, roundToNearest } from "./narrow.js";
import { refuseNonFinite, scaleOf } from "./refusals.js";
import { ruleOf } from "./rules/index.js";
import type { Moment, Row, Rule } from "./rules/rule.js";
import { Runs } from "./runs.js";
import { scheduledLr } from "./schedule.js";
import { globalNorm, type Share, sharesOf } from "./shares.js";
import { squares, sumOverOccurrences } from "./sums.js";
import { addDecay, clipSum, decayRate, kept, norm, shorten, shrink } from "./treatment.js";

const { fround } = Math;
const LARGEST_TALLY = 2 ** 32 - 1;

export class OracleTable {
  readonly rows: number;
  readonly dim: number;
  step = 0;
  lr: number;

  readonly #options: TableOptions;
  readonly #rule: Rule;
  readonly #init: Init;
  readonly #halfLife: number | undefined;
  readonly #weightDecay: WeightDecay | undefined;
  readonly #catchUp: CatchUp | undefined;
  readonly #squares: boolean;
  readonly #weights: Float32Array;
  readonly #elementState: readonly Float32Array[];
  readonly #rowState: Float32Array;
  readonly #tallies: Float64Array;
  readonly #lastSeen: Float64Array;
  readonly #upTo: Float64Array;
  #runs = new Runs();
  #sumOfSquares = 0;
  #countOfSquares = 0;

  constructor(options: TableOptions) {
    const { rows, dim, optimizer = { type: "tallygrad" }, init = { type: "normal" }, clip } = options;
    this.rows = rows;
    this.dim = dim;
    this.#options = options;
    this.#rule = ruleOf(optimizer);
    this.lr = this.#rule.defaultLr;
    this.#init = init;
    this.#halfLife = options.tally?.halfLife;
    this.#weightDecay = weightDecayOf(optimizer, options.weightDecay);
    this.#catchUp = catchUpOf(optimizer, this.#weightDecay, this.#rule);
    this.#squares = this.#rule.squaresGradients || (clip !== undefined && clip.type !== "value");
    this.#weights = new Float32Array(rows * dim);
    this.#elementState = this.#rule.elementStart.map(() => new Float32Array(rows * dim));
    this.#rowState = new Float32Array(this.#rule.rowStart === undefined ? 0 : rows);
    this.#tallies = new Float64Array(rows);
    this.#lastSeen = new Float64Array(rows);
    this.#upTo = new Float64Array(rows);
    for (let id = 0; id < rows; id += 1) {
      const given = init instanceof Float32Array && id !== options.paddingId;
      this.#makeNew(id, given ? init.subarray(id * dim, (id + 1) * dim) : this.#firstWeights(id));
    }
  }

  lookup(ids: Ids): Float32Array {
    const vectors = new Float32Array(ids.length * this.dim);
    ids.forEach((id, i) => {
      vectors.set(this.#read(id, this.step).weights, i * this.dim);
    });
    return vectors;
  }

  update(ids: Ids, gradients: Float32Array, options: UpdateOptions = {}): number {
    const { nonFinite = "reject", reduction = "sum", paddingId } = this.#options;
    const scale = scaleOf(options);
    const scaled = gradients.map((gradient) => fround(gradient * scale));
    const squaresOfEach = this.#squaresOfEach(ids, scaled);
    const mean = reduction === "mean";
    const shares = sharesOf(ids, scaled, { dim: this.dim, paddingId, mean, squared: this.#squares });
    if (nonFinite === "reject") {
      refuseNonFinite(ids, scaled, this.#rule.squaresGradients ? squaresOfEach : [], shares, paddingId);
    }

    this.step += 1;
    const lr = this.#lrAt(this.step);
    if (this.#catchUp !== undefined) {
      this.#runs.add(this.step, lr);
    }
    if (this.#rule.usesMeanSquare) {
      this.#learnMeanSquare(squaresOfEach, nonFinite === "skip");
    }
    const lengthOfAll = globalNorm(shares, nonFinite === "skip");
    let skipped = 0;
    for (const share of shares) {
      if (nonFinite === "skip" && !share.finite) {
        skipped += 1;
      } else {
        this.#stepRow(share, lr, lengthOfAll);
      }
    }
    return skipped;
  }

  setRows(ids: Ids, values: Float32Array): void {
    ids.forEach((id, i) => {
      const row = this.#read(id, this.step);
      row.weights.set(values.subarray(i * this.dim, (i + 1) * this.dim));
      this.#rule.adopt?.(row);
      this.#store(id, row, "nearest");
    });
  }

  resetRows(ids: Ids): void {
    ids.forEach((id) => {
      this.#makeNew(id, this.#firstWeights(id));
    });
  }

  tally(id: number): number {
    return this.#tallyAt(id, this.step);
  }

  tallies(ids?: Ids): Float64Array {
    const asked = ids ?? Array.from({ length: this.rows }, (_, id) => id);
    return Float64Array.from(asked, (id) => this.tally(id));
  }

  rates(ids: Ids): Float32Array {
    const step = this.step + 1;
    const lr = this.#lrAt(step);
    return Float32Array.from(ids, (id) => {
      if (id === this.#options.paddingId) {
        return 0;
      }
      const before = this.#tallyAt(id, step);
      const moment = { lr, step, id, before, after: before + 1, meanSquare: this.#meanSquare() };
      return this.#rule.rate(this.#read(id, this.step), moment);
    });
  }

  flush(): void {
    if (this.#catchUp === undefined) {
      return;
    }
    for (let id = 0; id < this.rows; id += 1) {
      this.#store(id, this.#read(id, this.step), this.#options.rounding);
    }
    this.#runs.forget();
  }

  fingerprint(): string {
    return fingerprint({
      rows: this.rows,
      dim: this.dim,
      step: this.step,
      weights: this.#weights,
      elementState: this.#elementState,
      rowState: this.#rowState,
      tallies: this.#tallies,
      lastSeen: this.#halfLife === undefined ? undefined : this.#lastSeen,
      missing: this.#catchUp === undefined ? undefined : { upTo: this.#upTo, runs: this.#runs.all },
      meanSquare: this.#rule.usesMeanSquare ? { sum: this.#sumOfSquares, count: this.#countOfSquares } : undefined,
    });
  }

  clone(): OracleTable {
    const copy = new OracleTable(this.#options);
    copy.step = this.step;
    copy.lr = this.lr;
    copy.#weights.set(this.#weights);
    this.#elementState.forEach((state, i) => {
      at(copy.#elementState, i).set(state);
    });
    copy.#rowState.set(this.#rowState);
    copy.#tallies.set(this.#tallies);
    copy.#lastSeen.set(this.#lastSeen);
    copy.#upTo.set(this.#upTo);
    copy.#runs = this.#runs.clone();
    copy.#sumOfSquares = this.#sumOfSquares;
    copy.#countOfSquares = this.#countOfSquares;
    return copy;
  }

  #lrAt(step: number): number {
    return scheduledLr(this.#options.schedule, this.lr, step);
  }

  /** For each position of the batch the sum of its gradient's squares; `undefined` for the padding row. */
  #squaresOfEach(ids: Ids, gradients: Float32Array): (number | undefined)[] {
    return Array.from(ids, (id, i) =>
      id === this.#options.paddingId ? undefined : squares(gradients.subarray(i * this.dim, (i + 1) * this.dim)),
    );
  }

  #learnMeanSquare(squaresOfEach: readonly (number | undefined)[], leaveOutNonFinite: boolean): void {
    const taking = squaresOfEach.map((q) =>
      q === undefined || (leaveOutNonFinite && !Number.isFinite(q)) ? undefined : q,
    );
    const decay = this.#halfLife === undefined ? 1 : half(1, this.#halfLife);
    this.#sumOfSquares = this.#sumOfSquares * decay + sumOverOccurrences(taking);
    this.#countOfSquares = this.#countOfSquares * decay + taking.filter((q) => q !== undefined).length;
  }

  #meanSquare(): number {
    return this.#countOfSquares === 0 ? 0 : this.#sumOfSquares / (this.#countOfSquares * this.dim);
  }

  #stepRow({ id, occurrences, sum }: Share, lr: number, lengthOfAll: number): void {
    const { clip, maxNorm, tally, rounding } = this.#options;
    const row = this.#read(id, this.step - 1);

    const before = this.#tallyAt(id, this.step);
    const grown = before + (tally?.unit === "batch" ? 1 : occurrences);
    const after = this.#halfLife === undefined ? Math.min(grown, LARGEST_TALLY) : grown;
    this.#tallies[id] = after;
    this.#lastSeen[id] = this.step;

    if (clip !== undefined) {
      clipSum(sum, clip, { occurrences, weights: row.weights, globalNorm: lengthOfAll });
    }
    if (this.#weightDecay !== undefined) {
      const rate = decayRate(this.#weightDecay, this.#halfLife, after);
      if (this.#weightDecay.type === "l2") {
        addDecay(sum, row.weights, rate);
      } else {
        shrink(row.weights, kept(lr, rate));
        this.#rule.adopt?.(row);
      }
    }
    const moment: Moment = { lr, step: this.step, id, before, after, meanSquare: this.#meanSquare() };
    this.#rule.apply(row, moment, sum, squares(sum));
    if (maxNorm !== undefined && shorten(row.weights, norm(row.weights), maxNorm)) {
      this.#rule.adopt?.(row);
    }
    this.#store(id, row, rounding);
  }

  #tallyAt(id: number, step: number): number {
    const tally = at(this.#tallies, id);
    return this.#halfLife === undefined ? tally : tally * half(step - at(this.#lastSeen, id), this.#halfLife);
  }

  /** A copy of a row, caught up to `step`. */
  #read(id: number, step: number): Row {
    const [start, end] = [id * this.dim, (id + 1) * this.dim];
    const row = {
      weights: this.#weights.slice(start, end),
      elementState: this.#elementState.map((state) => state.slice(start, end)),
      rowState: this.#rowState.slice(id, id + 1),
    };
    const from = at(this.#upTo, id);
    if (from < step && id !== this.#options.paddingId) {
      this.#catchUp?.(row, from, step, this.#runs);
    }
    return row;
  }

  /** Puts a row where it belongs, up to the present step, in the types that weights and state have there. */
  #store(id: number, { weights, elementState, rowState }: Row, rounding: TableOptions["rounding"]): void {
    const { dtype = "f32", stateDtype = "f32", seed = 0 } = this.#options;
    [weights, ...elementState].forEach((values, part) => {
      const type = part === 0 ? dtype : stateDtype;
      if (rounding === "stochastic") {
        roundAtRandom(values, type, { seed, row: id, step: this.step, part });
      } else {
        roundToNearest(values, type);
      }
    });
    this.#weights.set(weights, id * this.dim);
    elementState.forEach((state, i) => {
      at(this.#elementState, i).set(state, id * this.dim);
    });
    this.#rowState.set(rowState, rowState.length * id);
    this.#upTo[id] = this.step;
  }

  #firstWeights(id: number): Float32Array {
    const { seed = 0, paddingId } = this.#options;
    return id === paddingId ? new Float32Array(this.dim) : drawRow(this.#init, seed, id, this.dim);
  }

  #makeNew(id: number, weights: Float32Array): void {
    const row = {
      weights: weights.slice(),
      elementState: this.#rule.elementStart.map((start) => new Float32Array(this.dim).fill(start)),
      rowState: this.#rule.rowStart === undefined ? new Float32Array() : Float32Array.of(this.#rule.rowStart),
    };
    this.#rule.adopt?.(row);
    this.#store(id, row, "nearest");
    this.#tallies[id] = 0;
    this.#lastSeen[id] = 0;
  }
}

/** With the defaults that depend on the optimizer; a rate of 0 is no decay. */
function weightDecayOf(optimizer: Optimizer, given: WeightDecay | undefined): WeightDecay | undefined {
  const decay = given ?? (optimizer.type === "adamw" ? { rate: 0.01 } : undefined);
  const scope = "scope" in optimizer ? (optimizer.scope ?? "touched") : "touched";
  return decay === undefined || decay.rate === 0 ? undefined : { type: "decoupled", scope, ...decay };
}
