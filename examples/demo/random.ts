/**
 * The demo's own random numbers: sfc32 (Chris Doty-Humphrey, PractRand), a small fast generator that is seeded here by a seed
 * and the name of a stream. The same seed and stream give the same numbers on every machine, which is what makes runs of
 * different optimizers comparable pair by pair.
 */
import { at } from "./at.js";
import { log } from "./portable-math.js";

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  #spareNormal = 0;
  #hasSpareNormal = false;

  /**
   * @param seed An integer from 0 to 2^53 - 1.
   * @param stream Numbers of different streams have nothing to do with each other: one for each purpose.
   */
  constructor(seed: number, stream: string) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 0x1_0000_0000) | 0;
    this.#c = hash(stream);
    for (let warmUp = 0; warmUp < 16; warmUp++) this.uint32();
  }

  /** An integer from 0 to 2^32 - 1. */
  uint32(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** A number in [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 0x400_0000 + low) / 0x20_0000_0000_0000;
  }

  /** An integer from 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor(this.uniform() * limit);
  }

  /** A standard normal number, by Marsaglia's polar method, which makes two at a time. */
  normal(): number {
    if (this.#hasSpareNormal) {
      this.#hasSpareNormal = false;
      return this.#spareNormal;
    }
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const square = x * x + y * y;
      if (square > 0 && square < 1) {
        const factor = Math.sqrt((-2 * log(square)) / square);
        this.#spareNormal = y * factor;
        this.#hasSpareNormal = true;
        return x * factor;
      }
    }
  }

  /** The integers from 0 to `length - 1` in random order (Fisher and Yates). */
  permutation(length: number): Uint32Array {
    const order = Uint32Array.from({ length }, (_, index) => index);
    for (let last = length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      const moved = at(order, last);
      order[last] = at(order, other);
      order[other] = moved;
    }
    return order;
  }
}

/** 32-bit FNV-1a. */
function hash(text: string): number {
  let state = 0x811c_9dc5;
  for (const character of text) state = Math.imul(state ^ character.charCodeAt(0), 0x0100_0193);
  return state;
}
