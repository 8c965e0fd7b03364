/** Random numbers of what happens to data in memory: sfc32 (Chris Doty-Humphrey, PractRand), the same from the same seed everywhere. */

export class Random {
  #a: number;
  #b: number;
  #c = 0;
  #counter = 1;

  /** @param seed An integer from 0 to 2^53 - 1. */
  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    for (let warmUp = 0; warmUp < 16; warmUp++) this.#word();
  }

  /** The integers below `length`, in random order (Fisher and Yates). */
  permutation(length: number): Uint32Array {
    const order = new Uint32Array(length);
    for (let position = 0; position < length; position++) order[position] = position;
    for (let last = length - 1; last > 0; last--) {
      const other = this.#below(last + 1);
      const moved = order[last] as number;
      order[last] = order[other] as number;
      order[other] = moved;
    }
    return order;
  }

  /** An integer below `end`. With 53 bits no integer is noticeably likelier than another. */
  #below(end: number): number {
    const high = this.#word() >>> 5;
    const low = this.#word() >>> 6;
    return Math.floor(((high * 2 ** 26 + low) / 2 ** 53) * end);
  }

  #word(): number {
    const word = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + word) | 0;
    return word >>> 0;
  }
}
