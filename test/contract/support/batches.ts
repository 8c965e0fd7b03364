/**
 * Batches for tests: ids and the gradients that go with them.
 */
import { at } from "../../oracle/at.js";
import type { Random } from "./random.js";

export interface Batch {
  readonly ids: Uint32Array;
  readonly gradients: Float32Array;
}

export const emptyBatch: Batch = { ids: new Uint32Array(), gradients: new Float32Array() };

/** `count` ids below `rows` with a few frequent rows and many rare ones. */
export function skewedBatch(random: Random, rows: number, dim: number, count: number): Batch {
  const ids = Uint32Array.from({ length: count }, () => Math.floor(rows * random.uniform() ** 3));
  return { ids, gradients: gradientsFor(random, count, dim) };
}

/** `count` different ids below `rows`, in random order. */
export function distinctBatch(random: Random, rows: number, dim: number, count: number): Batch {
  return { ids: random.permutation(rows).slice(0, count), gradients: gradientsFor(random, count, dim) };
}

/** The first rows as often as `occurrences` says, shuffled. */
export function countedBatch(random: Random, occurrences: readonly number[], dim: number): Batch {
  const ids = Uint32Array.from(occurrences.flatMap((count, id) => new Array<number>(count).fill(id)));
  const shuffled = random.permutation(ids.length).map((position) => at(ids, position));
  return { ids: shuffled, gradients: gradientsFor(random, ids.length, dim) };
}

/** Numbers of both signs over twelve binary orders of magnitude, so that the order of additions shows in the bits. */
export function gradientsFor(random: Random, count: number, dim: number): Float32Array {
  return Float32Array.from({ length: count * dim }, () => (random.uniform() - 0.5) * 2 ** (random.below(12) - 8));
}

/** Plus or minus `size`, at random. */
export function signsFor(random: Random, count: number, dim: number, size: number): Float32Array {
  return Float32Array.from({ length: count * dim }, () => (random.uniform() < 0.5 ? -size : size));
}

/** The ids from 0 to `rows` - 1. */
export function everyId(rows: number): Uint32Array {
  return Uint32Array.from({ length: rows }, (_, id) => id);
}
