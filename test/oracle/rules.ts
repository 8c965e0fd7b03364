/**
 * The rules, one small object each: what a rule keeps, how it steps a row, which rate it would give one. Scalars are
 * float64 until they meet elements; `fround` stands at each operation on elements. Part of the oracle.
 */
import type { Adagrad, Adam, CfSgd, FaSgd, Optimizer, RowwiseAdagrad, Tallygrad } from "../../index.js";
import { at } from "./at.js";

const { fround, min, sqrt } = Math;

/** What a rule is told about a row's step, besides the gradient. */
export interface Moment {
  /** The table's present learning rate. */
  readonly lr: number;
  /** The number of this step, from 1. */
  readonly step: number;
  readonly id: number;
  /** The row's tally before and after this step. */
  readonly before: number;
  readonly after: number;
  /** R2, up to and including this step. */
  readonly meanSquare: number;
}

/** Views of what belongs to one row; a rule writes through them. */
export interface Row {
  readonly weights: Float32Array;
  /** One view for each of the rule's floats an element. */
  readonly elementState: readonly Float32Array[];
  /** One float, for rules that keep a float a row. */
  readonly rowState: Float32Array;
}

/** A rule with its options bound. */
export interface Rule {
  readonly defaultLr: number;
  /** Whether a square that overflows counts as not finite. */
  readonly squaresGradients: boolean;
  /** Whether the table keeps the two sums behind R2. */
  readonly usesMeanSquare: boolean;
  /** What each float an element starts at. */
  readonly elementStart: readonly number[];
  /** What the float a row starts at, for a rule that keeps one. */
  readonly rowStart?: number;
  /** Steps a row by its summed gradient, whose squares sum to `squaresOfSum`. */
  apply(row: Row, moment: Moment, sum: Float32Array, squaresOfSum: number): void;
  /** The rate before its one rounding to float32. */
  rate(row: Row, moment: Moment): number;
}

/** The rule that `optimizer` describes. */
export function ruleOf(optimizer: Optimizer): Rule {
  switch (optimizer.type) {
    case "tallygrad":
      return tallygrad(optimizer);
    case "sgd":
      return scalarRule({ defaultLr: optimizer.lr }, (moment) => moment.lr);
    case "fa-sgd":
      return faSgd(optimizer);
    case "cf-sgd":
      return cfSgd(optimizer);
    case "adagrad":
      return adagrad(optimizer);
    case "rowwise-adagrad":
      return rowwiseAdagrad(optimizer);
    case "adam":
      return adam(optimizer);
  }
}

function tallygrad({ lr = 0.05, start = 64, floor = 0 }: Tallygrad): Rule {
  return scalarRule({ defaultLr: lr, squaresGradients: true, usesMeanSquare: true }, (moment, meanOfSquares) => {
    const root = sqrt(floor + moment.meanSquare * (moment.before + start) + meanOfSquares);
    return root === 0 ? 0 : moment.lr / root;
  });
}

function faSgd({ lr, expectedCounts, maxLr = Number.POSITIVE_INFINITY }: FaSgd): Rule {
  const expectations = Float64Array.from(expectedCounts);
  return scalarRule({ defaultLr: lr }, (moment) => {
    const expected = at(expectations, moment.id);
    if (expected > 0) return min(maxLr, moment.lr / sqrt(expected));
    return moment.lr > 0 ? maxLr : 0;
  });
}

function cfSgd({ lr, maxLr = Number.POSITIVE_INFINITY, start = 0, horizon, normalize = false }: CfSgd): Rule {
  return scalarRule({ defaultLr: lr, squaresGradients: normalize, usesMeanSquare: normalize }, (moment) => {
    const seen = moment.after + start;
    const x = horizon === undefined ? seen : (seen * horizon) / min(moment.step, horizon);
    const rate = min(maxLr, moment.lr / sqrt(x));
    if (!normalize) {
      return rate;
    }
    return moment.meanSquare === 0 ? 0 : rate / sqrt(moment.meanSquare);
  });
}

/** A row's rate goes no higher. */
const largestFloat32 = (2 - 2 ** -23) * 2 ** 127;

/** A rule without state whose step is one rate times the row's sum; `rateOf` is also told mean(G^2). */
function scalarRule(
  facts: { defaultLr: number; squaresGradients?: boolean; usesMeanSquare?: boolean },
  rateOf: (moment: Moment, meanOfSquares: number) => number,
): Rule {
  const capped = (moment: Moment, meanOfSquares: number): number => min(rateOf(moment, meanOfSquares), largestFloat32);
  return {
    squaresGradients: false,
    usesMeanSquare: false,
    elementStart: [],
    ...facts,
    apply({ weights }, moment, sum, squaresOfSum) {
      descend(weights, capped(moment, squaresOfSum / weights.length), sum);
    },
    rate: (_row, moment) => capped(moment, 0),
  };
}

function rowwiseAdagrad({ lr = 0.01, accumulator = 0, eps = 1e-8 }: RowwiseAdagrad): Rule {
  const rateOf = (moment: Moment, state: number): number => {
    const root = sqrt(state) + eps;
    return root === 0 ? 0 : min(moment.lr / root, largestFloat32);
  };
  return {
    defaultLr: lr,
    squaresGradients: true,
    usesMeanSquare: false,
    elementStart: [],
    rowStart: accumulator,
    apply({ weights, rowState }, moment, sum, squaresOfSum) {
      const state = fround(at(rowState, 0) + squaresOfSum / weights.length);
      rowState[0] = state;
      descend(weights, rateOf(moment, state), sum);
    },
    rate: ({ rowState }, moment) => rateOf(moment, at(rowState, 0)),
  };
}

function adagrad({ lr = 0.01, accumulator = 0, eps = 1e-10 }: Adagrad): Rule {
  return {
    defaultLr: lr,
    squaresGradients: true,
    usesMeanSquare: false,
    elementStart: [accumulator],
    apply({ weights, elementState }, moment, sum) {
      const s = at(elementState, 0);
      const lrElement = fround(moment.lr);
      const epsElement = fround(eps);
      for (let d = 0; d < weights.length; d += 1) {
        const gradient = at(sum, d);
        const state = fround(at(s, d) + fround(gradient * gradient));
        s[d] = state;
        const divisor = fround(fround(sqrt(state)) + epsElement);
        weights[d] = fround(at(weights, d) - fround(fround(lrElement * gradient) / divisor));
      }
    },
    rate: ({ elementState }, moment) => mean(at(elementState, 0), (state) => moment.lr / (sqrt(state) + eps)),
  };
}

function adam({ lr = 0.001, beta1 = 0.9, beta2 = 0.999, eps = 1e-8 }: Adam): Rule {
  const alphaOf = ({ lr: present, step }: Moment): number =>
    (present * sqrt(1 - power(beta2, step))) / (1 - power(beta1, step));
  return {
    defaultLr: lr,
    squaresGradients: true,
    usesMeanSquare: false,
    elementStart: [0, 0],
    apply({ weights, elementState }, moment, sum) {
      const [m, v] = [at(elementState, 0), at(elementState, 1)];
      const alpha = fround(alphaOf(moment));
      const epsElement = fround(eps);
      const gain1 = fround(1 - beta1);
      const gain2 = fround(1 - beta2);
      for (let d = 0; d < weights.length; d += 1) {
        const gradient = at(sum, d);
        const first = fround(at(m, d) + fround(gain1 * fround(gradient - at(m, d))));
        const second = fround(at(v, d) + fround(gain2 * fround(fround(gradient * gradient) - at(v, d))));
        m[d] = first;
        v[d] = second;
        const divisor = fround(fround(sqrt(second)) + epsElement);
        weights[d] = fround(at(weights, d) - fround(fround(alpha * first) / divisor));
      }
    },
    rate: ({ elementState }, moment) => {
      const alpha = alphaOf(moment);
      return mean(at(elementState, 1), (state) => alpha / (sqrt(state) + eps));
    },
  };
}

/** w = w - rate G. */
function descend(weights: Float32Array, rate: number, sum: Float32Array): void {
  const eta = fround(rate);
  for (let d = 0; d < weights.length; d += 1) {
    weights[d] = fround(at(weights, d) - fround(eta * at(sum, d)));
  }
}

/** The float64 mean of `term` over the elements, in order. */
function mean(elements: Float32Array, term: (element: number) => number): number {
  let total = 0;
  for (const element of elements) {
    total += term(element);
  }
  return total / elements.length;
}

/** base^exponent for a whole exponent of at least 0, by squaring. */
export function power(base: number, exponent: number): number {
  let result = 1;
  let square = base;
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) {
      result *= square;
    }
    square *= square;
  }
  return result;
}
