/** SGD that keeps a sum of past gradients. Part of the oracle. */
import type { Sgd } from "../../../index.js";
import { at } from "../at.js";
import { largestFloat32, type Rule } from "./rule.js";

const { fround, min } = Math;

export function momentumSgd({ lr, momentum = 0, nesterov = false }: Sgd): Rule {
  const mu = fround(momentum);
  return {
    defaultLr: lr,
    squaresGradients: false,
    usesMeanSquare: false,
    elementStart: [0],
    apply({ weights, elementState }, moment, sum) {
      const b = at(elementState, 0);
      const eta = fround(min(moment.lr, largestFloat32));
      for (let d = 0; d < weights.length; d += 1) {
        const gradient = at(sum, d);
        const velocity = fround(fround(mu * at(b, d)) + gradient);
        b[d] = velocity;
        const direction = nesterov ? fround(gradient + fround(mu * velocity)) : velocity;
        weights[d] = fround(at(weights, d) - fround(eta * direction));
      }
    },
    rate: (_row, moment) => min(moment.lr, largestFloat32),
  };
}
