/**
 * What is done to gradients and weights around a rule: clipping, weight decay, a bound for weights. Part of the oracle.
 */
import type { Clip, WeightDecay } from "../../index.js";
import { at } from "./at.js";
import { clamp } from "./rules/rule.js";
import { squares } from "./sums.js";

const { fround, max, sqrt } = Math;

export function norm(x: Float32Array): number {
  return sqrt(squares(x));
}

/** Shortens x to `limit`, as if its norm were `length`. Says whether that was above the limit. */
export function shorten(x: Float32Array, length: number, limit: number): boolean {
  if (length > limit) {
    const factor = fround(limit / length);
    x.forEach((element, d) => {
      x[d] = fround(element * factor);
    });
  }
  return length > limit;
}

/** What clipping has to know besides the row's sum. */
export interface ClipFacts {
  readonly occurrences: number;
  readonly weights: Float32Array;
  /** The norm of the whole batch's sums. */
  readonly globalNorm: number;
}

export function clipSum(sum: Float32Array, clip: Clip, { occurrences, weights, globalNorm }: ClipFacts): void {
  switch (clip.type) {
    case "value": {
      const limit = fround(clip.limit);
      sum.forEach((element, d) => {
        sum[d] = clamp(element, limit);
      });
      return;
    }
    case "row-norm":
      shorten(sum, norm(sum), clip.limit);
      return;
    case "global-norm":
      shorten(sum, globalNorm, clip.limit);
      return;
    case "cow": {
      const { ratio = 1, floor = 1e-5 } = clip;
      const length = ratio * norm(weights);
      // Weights that are not a number leave the floor.
      shorten(sum, norm(sum), occurrences * (length > floor ? length : floor));
    }
  }
}

/** The decay's rate for a row whose tally is `after` with this step. */
export function decayRate({ rate, by = "step" }: WeightDecay, halfLife: number | undefined, after: number): number {
  return by === "tally" && halfLife !== undefined ? (rate * halfLife) / after : rate;
}

/** G + rate w. */
export function addDecay(sum: Float32Array, weights: Float32Array, rate: number): void {
  const factor = fround(rate);
  for (let d = 0; d < sum.length; d += 1) {
    sum[d] = fround(at(sum, d) + fround(factor * at(weights, d)));
  }
}

/** What decoupled decay leaves of a weight at a step. */
export function kept(lr: number, rate: number): number {
  return max(1 - lr * rate, 0);
}

/** w times `factor`, rounded to float32 before. */
export function shrink(weights: Float32Array, factor: number): void {
  const rounded = fround(factor);
  weights.forEach((weight, d) => {
    weights[d] = fround(weight * rounded);
  });
}
