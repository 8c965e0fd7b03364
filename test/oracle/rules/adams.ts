/** Adam with a second moment an element, and with one a row. Part of the oracle. */
import type { Adam, AdamOptions, RowwiseAdam } from "../../../index.js";
import { at } from "../at.js";
import { exp, log } from "../msun.js";
import { power } from "../power.js";
import { descend, largestFloat32, type Moment, mean, type Rule, type Settling } from "./rule.js";

const { fround, min, sqrt } = Math;

export function adam(options: Adam): Rule {
  const { lr = 0.001, beta1 = 0.9, beta2 = 0.999 } = options;
  const correctionsAt = correctionsOf(options);
  return {
    defaultLr: lr,
    squaresGradients: true,
    usesMeanSquare: false,
    elementStart: [0, 0],
    settling: settlingOf(options),
    apply({ weights, elementState }, moment, sum) {
      const [m, v] = [at(elementState, 0), at(elementState, 1)];
      const corrections = correctionsAt(moment);
      const alpha = fround(corrections.alpha);
      const eps = fround(corrections.eps);
      const gain2 = fround(1 - beta2);
      learnMean(m, beta1, sum);
      for (let d = 0; d < weights.length; d += 1) {
        const gradient = at(sum, d);
        const second = fround(at(v, d) + fround(gain2 * fround(fround(gradient * gradient) - at(v, d))));
        v[d] = second;
        const divisor = fround(fround(sqrt(second)) + eps);
        weights[d] = fround(at(weights, d) - fround(fround(alpha * at(m, d)) / divisor));
      }
    },
    rate: ({ elementState }, moment) => {
      const { alpha, eps } = correctionsAt(moment);
      return mean(at(elementState, 1), (state) => alpha / (sqrt(state) + eps));
    },
  };
}

export function rowwiseAdam(options: RowwiseAdam): Rule {
  const { lr = 0.001, beta1 = 0.9, beta2 = 0.999 } = options;
  const correctionsAt = correctionsOf(options);
  const rateOf = (moment: Moment, state: number): number => {
    const { alpha, eps } = correctionsAt(moment);
    return min(alpha / (sqrt(state) + eps), largestFloat32);
  };
  return {
    defaultLr: lr,
    squaresGradients: true,
    usesMeanSquare: false,
    elementStart: [0],
    rowStart: 0,
    settling: settlingOf(options),
    apply({ weights, elementState, rowState }, moment, sum, squaresOfSum) {
      const before = at(rowState, 0);
      const state = fround(before + (1 - beta2) * (squaresOfSum / weights.length - before));
      rowState[0] = state;
      learnMean(at(elementState, 0), beta1, sum);
      descend(weights, rateOf(moment, state), at(elementState, 0));
    },
    rate: ({ rowState }, moment) => rateOf(moment, at(rowState, 0)),
  };
}

/** m = m + (1 - beta1)(G - m). */
function learnMean(m: Float32Array, beta1: number, sum: Float32Array): void {
  const gain = fround(1 - beta1);
  for (let d = 0; d < m.length; d += 1) {
    m[d] = fround(at(m, d) + fround(gain * fround(at(sum, d) - at(m, d))));
  }
}

/** The rate with both corrections, and eps as the scope wants it. */
function correctionsOf(options: AdamOptions): (moment: Moment) => { alpha: number; eps: number } {
  const { beta1 = 0.9, beta2 = 0.999, eps = 1e-8, biasCorrection = "step", scope = "touched" } = options;
  const left = (beta: number, { step, after }: Moment): number =>
    biasCorrection === "step" ? power(beta, step) : exp(after * log(beta));
  return (moment) => {
    const q = sqrt(1 - left(beta2, moment));
    return { alpha: (moment.lr * q) / (1 - left(beta1, moment)), eps: scope === "all" ? eps * q : eps };
  };
}

function settlingOf({ beta1 = 0.9, beta2 = 0.999 }: AdamOptions): Settling {
  const fadeBy = (values: Float32Array, left: number): void => {
    values.forEach((value, d) => {
      values[d] = fround(value * fround(left));
    });
  };
  return {
    settles: beta1 * beta1 <= beta2,
    fade({ elementState, rowState }, steps) {
      fadeBy(at(elementState, 0), power(beta1, steps));
      fadeBy(elementState[1] ?? rowState, power(beta2, steps));
    },
  };
}
