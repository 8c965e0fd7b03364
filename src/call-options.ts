/** Options of single calls: of a step, and of a step or look-up with bags. */

import type { UpdateOptions, UpdatePoolOptions } from "../index.d.ts";
import { usable } from "./arguments.js";
import { coded, shown } from "./errors.js";
import { checkNames, choice } from "./options.js";

/** The scale that an update's options ask for. */
export function scaleOf(options: UpdateOptions): number {
  return scaleFrom(checkNames("options", options, ["scale"]).scale);
}

/** Which numbers can be a scale, the kernel says. */
function scaleFrom(scale: unknown = 1): number {
  if (typeof scale !== "number") throw coded("ERR_OPTION_VALUE", `scale must be a number, but is ${shown(scale)}`);
  return scale;
}

/** What the options of a call with bags say. */
export function poolOptions(options: UpdatePoolOptions, known: readonly string[]) {
  const { mode, weights, weightGradients, scale } = checkNames("options", options, known);
  return {
    mode: choice("mode", mode, ["sum", "mean", "sqrt-n", "max"]),
    weights,
    weightGradients,
    scale: scaleFrom(scale),
  };
}

export function weightsOf(weights: Float32Array, count: number): Float32Array {
  if (usable("weights", weights, "Float32Array").length !== count) {
    throw coded("ERR_WRONG_LENGTH", `weights must have ids.length = ${count} elements, but has ${weights.length}`);
  }
  return weights;
}
