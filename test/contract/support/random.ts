/**
 * A small seeded generator (mulberry32) for batches that have to be the same in every run with the same seed. Tests put
 * `seed` in their names; set TEST_SEED to try another.
 */

import { at } from "../../oracle/at.js";

/** The seed of this run. */
export const seed = Number(process.env.TEST_SEED ?? 20260101);

export class Random {
  #state: number;

  constructor(start: number) {
    this.#state = start >>> 0;
  }

  /** A number in [0, 1), a multiple of 2^-32. */
  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let word = this.#state;
    word = Math.imul(word ^ (word >>> 15), word | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer in [0, end). */
  below(end: number): number {
    return Math.floor(this.uniform() * end);
  }

  /** The integers in [0, count) in random order. */
  permutation(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    for (let last = count - 1; last > 0; last -= 1) {
      const other = this.below(last + 1);
      const kept = at(order, last);
      order[last] = at(order, other);
      order[other] = kept;
    }
    return order;
  }
}
