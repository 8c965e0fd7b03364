/**
 * A table as plain loops: the independent check of the promise "same bits". Written from `docs/arithmetic.md` and
 * `index.d.ts` alone, slow on purpose, and without argument checks other than the `nonFinite` modes, which decide bits.
 */
import type { Ids, Init, TableOptions, UpdateOptions } from "../../index.js";
import { at } from "./at.js";
import { half } from "./decay.js";
import { fingerprint } from "./fingerprint.js";
import { drawRow } from "./first-weights.js";
import { type Moment, type Row, type Rule, ruleOf } from "./rules.js";
import { meanOfRow, squares, sumOfRow, sumOverOccurrences } from "./sums.js";

const { fround } = Math;
const LARGEST_TALLY = 2 ** 32 - 1;

/** A row's part in one batch. */
interface Share {
  readonly id: number;
  readonly occurrences: number;
  readonly sum: Float32Array;
  readonly squaresOfSum: number;
  readonly finite: boolean;
}

export class OracleTable {
  readonly rows: number;
  readonly dim: number;
  step = 0;
  lr: number;

  readonly #options: TableOptions;
  readonly #rule: Rule;
  readonly #init: Init;
  readonly #halfLife: number | undefined;
  readonly #weights: Float32Array;
  readonly #elementState: readonly Float32Array[];
  readonly #rowState: Float32Array;
  readonly #tallies: Float64Array;
  readonly #lastSeen: Float64Array;
  #sumOfSquares = 0;
  #countOfSquares = 0;

  constructor(options: TableOptions) {
    const { rows, dim, optimizer = { type: "tallygrad" }, init = { type: "normal" } } = options;
    this.rows = rows;
    this.dim = dim;
    this.#options = options;
    this.#rule = ruleOf(optimizer);
    this.lr = this.#rule.defaultLr;
    this.#init = init;
    this.#halfLife = options.tally?.halfLife;
    this.#weights = new Float32Array(rows * dim);
    this.#elementState = this.#rule.elementStart.map(() => new Float32Array(rows * dim));
    this.#rowState = new Float32Array(this.#rule.rowStart === undefined ? 0 : rows);
    this.#tallies = new Float64Array(rows);
    this.#lastSeen = new Float64Array(rows);
    for (let id = 0; id < rows; id += 1) {
      this.#makeNew(id);
      if (init instanceof Float32Array && id !== options.paddingId) {
        this.#row(id).weights.set(init.subarray(id * dim, (id + 1) * dim));
      }
    }
  }

  lookup(ids: Ids): Float32Array {
    const vectors = new Float32Array(ids.length * this.dim);
    ids.forEach((id, i) => {
      vectors.set(this.#row(id).weights, i * this.dim);
    });
    return vectors;
  }

  update(ids: Ids, gradients: Float32Array, options: UpdateOptions = {}): number {
    const { nonFinite = "reject" } = this.#options;
    const scale = fround(options.scale ?? 1);
    if (!Number.isFinite(scale) || (scale === 0 && options.scale !== 0))
      throw nonFiniteError(`scale is ${options.scale}`);
    const scaled = gradients.map((gradient) => fround(gradient * scale));
    const squaresOfEach = this.#squaresOfEach(ids, scaled);
    const shares = this.#share(ids, scaled);
    if (nonFinite === "reject") {
      this.#refuseNonFinite(ids, scaled, squaresOfEach, shares);
    }

    this.step += 1;
    if (this.#rule.usesMeanSquare) {
      this.#learnMeanSquare(squaresOfEach, nonFinite === "skip");
    }
    let skipped = 0;
    for (const share of shares) {
      if (nonFinite === "skip" && !share.finite) {
        skipped += 1;
      } else {
        this.#stepRow(share);
      }
    }
    return skipped;
  }

  setRows(ids: Ids, values: Float32Array): void {
    ids.forEach((id, i) => {
      this.#row(id).weights.set(values.subarray(i * this.dim, (i + 1) * this.dim));
    });
  }

  resetRows(ids: Ids): void {
    ids.forEach((id) => {
      this.#makeNew(id);
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
    return Float32Array.from(ids, (id) => {
      const before = this.#tallyAt(id, step);
      const moment = { lr: this.lr, step, id, before, after: before + 1, meanSquare: this.#meanSquare() };
      return this.#rule.rate(this.#row(id), moment);
    });
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
    copy.#sumOfSquares = this.#sumOfSquares;
    copy.#countOfSquares = this.#countOfSquares;
    return copy;
  }

  /** For each position of the batch the sum of its gradient's squares; `undefined` for the padding row. */
  #squaresOfEach(ids: Ids, gradients: Float32Array): (number | undefined)[] {
    return Array.from(ids, (id, i) =>
      id === this.#options.paddingId ? undefined : squares(gradients.subarray(i * this.dim, (i + 1) * this.dim)),
    );
  }

  /** The batch by rows: each row's sum or mean over its occurrences. */
  #share(ids: Ids, gradients: Float32Array): Share[] {
    const positionsOf = new Map<number, number[]>();
    ids.forEach((id, i) => {
      if (id !== this.#options.paddingId) {
        const positions = positionsOf.get(id);
        if (positions === undefined) {
          positionsOf.set(id, [i]);
        } else {
          positions.push(i);
        }
      }
    });
    return Array.from(positionsOf, ([id, positions]) => {
      const total = sumOfRow(gradients, positions, this.dim);
      const sum = this.#options.reduction === "mean" ? meanOfRow(total, positions.length) : total;
      const squaresOfSum = squares(sum);
      const finite = sum.every(Number.isFinite) && (!this.#rule.squaresGradients || Number.isFinite(squaresOfSum));
      return { id, occurrences: positions.length, sum, squaresOfSum, finite };
    });
  }

  #refuseNonFinite(
    ids: Ids,
    gradients: Float32Array,
    squaresOfEach: readonly (number | undefined)[],
    shares: readonly Share[],
  ): void {
    const badElement = gradients.findIndex(
      (gradient, i) => ids[Math.floor(i / this.dim)] !== this.#options.paddingId && !Number.isFinite(gradient),
    );
    if (badElement >= 0) {
      throw nonFiniteError(`gradients[${badElement}] is ${gradients[badElement]}`);
    }
    const badSquare = squaresOfEach.findIndex((q) => q !== undefined && !Number.isFinite(q));
    if (this.#rule.squaresGradients && badSquare >= 0) {
      throw nonFiniteError(`the squares of gradient ${badSquare} sum to ${squaresOfEach[badSquare]}`);
    }
    const badShare = shares.find((share) => !share.finite);
    if (badShare !== undefined) {
      throw nonFiniteError(`the gradients of row ${badShare.id} have a sum that is not finite`);
    }
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

  #stepRow({ id, occurrences, sum, squaresOfSum }: Share): void {
    const before = this.#tallyAt(id, this.step);
    const grown = before + (this.#options.tally?.unit === "batch" ? 1 : occurrences);
    const after = this.#halfLife === undefined ? Math.min(grown, LARGEST_TALLY) : grown;
    this.#tallies[id] = after;
    this.#lastSeen[id] = this.step;
    const moment: Moment = { lr: this.lr, step: this.step, id, before, after, meanSquare: this.#meanSquare() };
    this.#rule.apply(this.#row(id), moment, sum, squaresOfSum);
  }

  #tallyAt(id: number, step: number): number {
    const tally = at(this.#tallies, id);
    return this.#halfLife === undefined ? tally : tally * half(step - at(this.#lastSeen, id), this.#halfLife);
  }

  #row(id: number): Row {
    const start = id * this.dim;
    const end = start + this.dim;
    return {
      weights: this.#weights.subarray(start, end),
      elementState: this.#elementState.map((state) => state.subarray(start, end)),
      rowState: this.#rowState.subarray(id, id + 1),
    };
  }

  #makeNew(id: number): void {
    const { seed = 0, paddingId } = this.#options;
    const row = this.#row(id);
    row.weights.set(id === paddingId ? new Float32Array(this.dim) : drawRow(this.#init, seed, id, this.dim));
    row.elementState.forEach((state, i) => {
      state.fill(at(this.#rule.elementStart, i));
    });
    row.rowState.fill(this.#rule.rowStart ?? 0);
    this.#tallies[id] = 0;
    this.#lastSeen[id] = 0;
  }
}

function nonFiniteError(message: string): Error & { code: string } {
  return Object.assign(new RangeError(message), { code: "ERR_NON_FINITE" });
}
