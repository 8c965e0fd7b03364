/**
 * Philox4x32-10, the counter-based random numbers of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
 * 1, 2, 3" (SC 2011). Part of the oracle: `first-weights.ts` draws a table's first weights from it.
 */

/** Four 32-bit words, each an integer from 0 to 2^32 - 1. */
export type Words = readonly [number, number, number, number];

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const KEY_INCREMENT_0 = 0x9e3779b9;
const KEY_INCREMENT_1 = 0xbb67ae85;
const ROUNDS = 10;

/** The ten-round bijection of `counter` under the key whose words are `key0` and `key1`. */
export function philox(counter: Words, key0: number, key1: number): Words {
  let [c0, c1, c2, c3] = counter;
  for (let round = 0; round < ROUNDS; round += 1) {
    const high0 = highWord(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = highWord(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    const k0 = (key0 + Math.imul(round, KEY_INCREMENT_0)) >>> 0;
    const k1 = (key1 + Math.imul(round, KEY_INCREMENT_1)) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
  }
  return [c0, c1, c2, c3];
}

/** The upper 32 bits of the 64-bit product of two 32-bit words, by halves of 16 bits so that every sum stays exact. */
function highWord(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + Math.floor((aLow * bLow) / 0x10000);
  const carry = Math.floor((aLow * bHigh + (middle % 0x10000)) / 0x10000);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + carry) >>> 0;
}
