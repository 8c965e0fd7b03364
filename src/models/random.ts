/**
 * Random numbers for orders and splits: sfc32 (Chris Doty-Humphrey, PractRand), a small fast generator that is seeded by a seed and the name of a
 * stream. The same seed and stream give the same numbers on every machine.
 */

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

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

  /** The integers from 0 to `length - 1` in random order (Fisher and Yates). */
  permutation(length: number): Uint32Array {
    const order = new Uint32Array(length);
    for (let index = 0; index < length; index++) order[index] = index;
    for (let last = length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      const moved = order[last] ?? 0;
      order[last] = order[other] ?? 0;
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
