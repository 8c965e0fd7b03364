/**
 * The weights a row starts with, and those it gets back by `resetRows`. Part of the oracle.
 */
import type { Init } from "../../index.js";
import { at } from "./at.js";
import { normalQuantile } from "./normal.js";
import { philox } from "./philox.js";

const TWO_TO_32 = 2 ** 32;

/** The weights of a row drawn anew; zeros for an `init` that is an array, whose values only a new table has. */
export function drawRow(init: Init, seed: number, row: number, dim: number): Float32Array {
  const weights = new Float32Array(dim);
  if (init instanceof Float32Array || init.type === "zeros") {
    return weights;
  }
  const scale = init.scale ?? 0.05;
  for (let d = 0; d < dim; d += 1) {
    const u = uniformAt(seed, row, d);
    weights[d] = Math.fround(init.type === "uniform" ? scale * (2 * u - 1) : scale * normalQuantile(u));
  }
  return weights;
}

/** The random number in (0, 1) that belongs to one element of a table's first weights (drawn at step 0). */
function uniformAt(seed: number, row: number, element: number): number {
  const words = philox([row, Math.floor(element / 4), 0, 0], seed % TWO_TO_32, Math.floor(seed / TWO_TO_32));
  return (at(words, element % 4) + 0.5) / TWO_TO_32;
}
