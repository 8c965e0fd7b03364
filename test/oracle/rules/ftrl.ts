/** FTRL-Proximal: weights that are a function of two sums. Part of the oracle. */
import type { Ftrl } from "../../../index.js";
import { at } from "../at.js";
import { clamp, mean, type Rule } from "./rule.js";

const { fround, sign, sqrt } = Math;

export function ftrl({ lr = 0.05, beta = 1, lambda1 = 0, lambda2 = 0 }: Ftrl): Rule {
  const inverse = fround(1 / lr);
  const threshold = fround(lambda1);
  const constant = fround(beta / lr + lambda2);
  return {
    defaultLr: lr,
    squaresGradients: true,
    usesMeanSquare: false,
    elementStart: [0, 0],
    apply({ weights, elementState }, _moment, sum) {
      const [z, a] = [at(elementState, 0), at(elementState, 1)];
      for (let d = 0; d < weights.length; d += 1) {
        const gradient = at(sum, d);
        const rootBefore = fround(sqrt(at(a, d)));
        a[d] = fround(at(a, d) + fround(gradient * gradient));
        const root = fround(sqrt(at(a, d)));
        const pull = fround(fround(fround(root - rootBefore) * inverse) * at(weights, d));
        z[d] = fround(fround(at(z, d) + gradient) - pull);
        const excess = fround(clamp(at(z, d), threshold) - at(z, d));
        weights[d] = fround(excess / fround(fround(root * inverse) + constant));
      }
    },
    rate: ({ elementState }) => mean(at(elementState, 1), (a) => 1 / ((beta + sqrt(a)) / lr + lambda2)),
    adopt({ weights, elementState }) {
      const [z, a] = [at(elementState, 0), at(elementState, 1)];
      for (let d = 0; d < weights.length; d += 1) {
        const weight = at(weights, d);
        const strength = fround(fround(fround(sqrt(at(a, d))) * inverse) + constant);
        z[d] =
          weight === 0 ? clamp(at(z, d), threshold) : -fround(fround(weight * strength) + threshold * sign(weight));
      }
    },
  };
}
