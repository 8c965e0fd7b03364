/** Rules that divide by the root of summed or averaged squares: both Adagrads and RMSprop. Part of the oracle. */
import type { Adagrad, Rmsprop, RowwiseAdagrad } from "../../../index.js";
import { at } from "../at.js";
import { power } from "../power.js";
import { descend, largestFloat32, type Moment, mean, type Rule } from "./rule.js";

const { fround, min, sqrt } = Math;

export function rowwiseAdagrad({ lr = 0.01, accumulator = 0, eps = 1e-8 }: RowwiseAdagrad): Rule {
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

export function adagrad({ lr = 0.01, accumulator = 0, eps = 1e-10 }: Adagrad): Rule {
  return {
    ...squareRule(lr, eps, (state, gradient) => fround(state + fround(gradient * gradient))),
    elementStart: [accumulator],
  };
}

export function rmsprop({ lr = 0.01, alpha = 0.99, eps = 1e-8 }: Rmsprop): Rule {
  const gain = fround(1 - alpha);
  return {
    ...squareRule(lr, eps, (state, gradient) =>
      fround(state + fround(gain * fround(fround(gradient * gradient) - state))),
    ),
    settling: {
      settles: true,
      fade({ elementState }, steps) {
        const left = fround(power(alpha, steps));
        at(elementState, 0).forEach((state, d, v) => {
          v[d] = fround(state * left);
        });
      },
    },
  };
}

/** A rule with one float an element, which `learn` makes anew from itself and the gradient. */
function squareRule(lr: number, eps: number, learn: (state: number, gradient: number) => number): Rule {
  return {
    defaultLr: lr,
    squaresGradients: true,
    usesMeanSquare: false,
    elementStart: [0],
    apply({ weights, elementState }, moment, sum) {
      const s = at(elementState, 0);
      const lrElement = fround(moment.lr);
      const epsElement = fround(eps);
      for (let d = 0; d < weights.length; d += 1) {
        const gradient = at(sum, d);
        const state = learn(at(s, d), gradient);
        s[d] = state;
        const divisor = fround(fround(sqrt(state)) + epsElement);
        weights[d] = fround(at(weights, d) - fround(fround(lrElement * gradient) / divisor));
      }
    },
    rate: ({ elementState }, moment) => mean(at(elementState, 0), (state) => moment.lr / (sqrt(state) + eps)),
  };
}
