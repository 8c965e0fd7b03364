/** Rules without state: one rate times the row's sum. Part of the oracle. */
import type { CfSgd, FaSgd, Sgd, Tallygrad } from "../../../index.js";
import { at } from "../at.js";
import { descend, largestFloat32, type Moment, type Row, type Rule } from "./rule.js";

const { min, sqrt } = Math;

export function tallygrad({ lr = 0.05, start = 64, floor = 0 }: Tallygrad): Rule {
  return scalarRule({ defaultLr: lr, squaresGradients: true, usesMeanSquare: true }, (moment, squares, dim) => {
    const root = sqrt(floor + moment.meanSquare * (moment.before + start) + squares / dim);
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

/** `rateOf` is also told the sum of G^2, and of how many elements. */
function scalarRule(
  facts: { defaultLr: number; squaresGradients?: boolean; usesMeanSquare?: boolean },
  rateOf: (moment: Moment, squares: number, dim: number) => number,
): Rule {
  const capped = ({ weights }: Row, moment: Moment, squares: number): number =>
    min(rateOf(moment, squares, weights.length), largestFloat32);
  return {
    squaresGradients: false,
    usesMeanSquare: false,
    elementStart: [],
    ...facts,
    apply(row, moment, sum, squaresOfSum) {
      descend(row.weights, capped(row, moment, squaresOfSum), sum);
    },
    rate: (row, moment) => capped(row, moment, 0),
  };
}
