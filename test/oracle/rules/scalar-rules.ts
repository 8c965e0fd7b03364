/** Rules without state: one rate times the row's sum. Part of the oracle. */
import type { CfSgd, FaSgd, Sgd, Tallygrad } from "../../../index.js";
import { at } from "../at.js";
import { descend, largestFloat32, type Moment, type Rule } from "./rule.js";

const { min, sqrt } = Math;

export function tallygrad({ lr = 0.05, start = 64, floor = 0 }: Tallygrad): Rule {
  return scalarRule({ defaultLr: lr, squaresGradients: true, usesMeanSquare: true }, (moment, meanOfSquares) => {
    const root = sqrt(floor + moment.meanSquare * (moment.before + start) + meanOfSquares);
    return root === 0 ? 0 : moment.lr / root;
  });
}

export function plainSgd({ lr }: Sgd): Rule {
  return scalarRule({ defaultLr: lr }, (moment) => moment.lr);
}

export function faSgd({ lr, expectedCounts, maxLr = Number.POSITIVE_INFINITY }: FaSgd): Rule {
  const expectations = Float64Array.from(expectedCounts);
  return scalarRule({ defaultLr: lr }, (moment) => {
    const expected = at(expectations, moment.id);
    if (expected > 0) return min(maxLr, moment.lr / sqrt(expected));
    return moment.lr > 0 ? maxLr : 0;
  });
}

export function cfSgd({ lr, maxLr = Number.POSITIVE_INFINITY, start = 0, horizon, normalize = false }: CfSgd): Rule {
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

/** `rateOf` is also told mean(G^2). */
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
