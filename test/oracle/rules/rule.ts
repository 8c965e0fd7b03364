/**
 * What a rule is: what it keeps, how it steps a row, which rate it would give one. Scalars are float64 until they meet
 * elements; `fround` stands at each operation on elements. Part of the oracle.
 */
import { at } from "../at.js";

const { fround } = Math;

/** What a rule is told about a row's step, besides the gradient. */
export interface Moment {
  /** The learning rate of this step. */
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

/** What belongs to one row; a rule writes through it. */
export interface Row {
  readonly weights: Float32Array;
  /** One array for each of the rule's floats an element. */
  readonly elementState: readonly Float32Array[];
  /** One float, for rules that keep a float a row. */
  readonly rowState: Float32Array;
}

/** What an optimizer that is replayed while a row rests does to it in the end. */
export interface Settling {
  /** Whether weights that have stopped moving stay where they are. */
  readonly settles: boolean;
  /** What `steps` more gradients of 0 leave of the state. */
  fade(row: Row, steps: number): void;
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
  /** For rules that move rows by gradients of 0. */
  readonly settling?: Settling;
  /** Steps a row by its summed gradient, whose squares sum to `squaresOfSum`. */
  apply(row: Row, moment: Moment, sum: Float32Array, squaresOfSum: number): void;
  /** The rate before its one rounding to float32. */
  rate(row: Row, moment: Moment): number;
  /** Makes state fit weights that the rule did not make, for a rule whose weights are a function of its state. */
  adopt?(row: Row): void;
}

/** A row's rate goes no higher. */
export const largestFloat32 = (2 - 2 ** -23) * 2 ** 127;

/** w = w - rate G. */
export function descend(weights: Float32Array, rate: number, sum: Float32Array): void {
  const eta = fround(rate);
  for (let d = 0; d < weights.length; d += 1) {
    weights[d] = fround(at(weights, d) - fround(eta * at(sum, d)));
  }
}

/** The float64 mean of `term` over the elements, in order. */
export function mean(elements: Float32Array, term: (element: number) => number): number {
  let total = 0;
  for (const element of elements) {
    total += term(element);
  }
  return total / elements.length;
}

/** x brought into -limit to limit; NaN stays. */
export function clamp(x: number, limit: number): number {
  return x > limit ? limit : x < -limit ? -limit : x;
}
