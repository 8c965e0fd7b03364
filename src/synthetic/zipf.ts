/**
 * Exact draws from a finite Zipf distribution: rank r of `size` with probability proportional to (r + 1)^-exponent. Walker's
 * alias table, built by Vose's method, makes every draw one random number and one look-up, however many ranks there are.
 */
import type { Random } from "../models/random.js";
import { at } from "./at.js";
import { power } from "./portable-math.js";

export class Zipf {
  /** Of each column's mass, the share that stays with the column's own rank; the rest is its alias's. */
  readonly #share: Float64Array;
  readonly #alias: Uint32Array;

  constructor(size: number, exponent: number) {
    const columns = Float64Array.from(zipfProbabilities(size, exponent), (probability) => probability * size);
    this.#share = new Float64Array(size).fill(1);
    this.#alias = Uint32Array.from({ length: size }, (_, rank) => rank);
    const poor: number[] = [];
    const rich: number[] = [];
    for (let rank = size - 1; rank >= 0; rank--) (at(columns, rank) < 1 ? poor : rich).push(rank);
    for (;;) {
      const receiver = poor.pop();
      const giver = rich.pop();
      // What is left on one side when the other is empty has mass 1 up to rounding, and keeps its own column.
      if (receiver === undefined || giver === undefined) break;
      const share = at(columns, receiver);
      this.#share[receiver] = share;
      this.#alias[receiver] = giver;
      const left = at(columns, giver) - (1 - share);
      columns[giver] = left;
      (left < 1 ? poor : rich).push(giver);
    }
  }

  /** A rank from 0, the most frequent, to `size - 1`. */
  draw(random: Random): number {
    const point = random.uniform() * this.#share.length;
    const column = Math.floor(point);
    return point - column < at(this.#share, column) ? column : at(this.#alias, column);
  }
}

/** The probability of each rank, the most frequent first. */
export function zipfProbabilities(size: number, exponent: number): Float64Array {
  const weights = Float64Array.from({ length: size }, (_, rank) => power(rank + 1, -exponent));
  // From the smallest up, so that a long tail is not lost to rounding.
  const total = weights.reduceRight((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
