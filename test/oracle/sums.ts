/**
 * The four sums that decide bits: a row's sum of gradients over runs of its occurrences, an element-wise mean, a sum of
 * squares over eight lanes, and a sum over a batch's occurrences in chunks of positions. Part of the oracle.
 */

import { at } from "./at.js";

const { fround } = Math;

/** Consecutive occurrences of one row that are summed before their sum is added to the others'. */
export const RUN = 256;

/** Positions of a batch whose scalars are summed before their sum is added to the others'. */
export const CHUNK = 1024;

/** A row's sum over `positions`, its occurrences in the order of the batch. */
export function sumOfRow(gradients: Float32Array, positions: readonly number[], dim: number): Float32Array {
  const total = new Float32Array(dim);
  for (let start = 0; start < positions.length; start += RUN) {
    const run = sumOfRun(gradients, positions.slice(start, start + RUN), dim);
    for (let d = 0; d < dim; d += 1) {
      total[d] = start === 0 ? at(run, d) : fround(at(total, d) + at(run, d));
    }
  }
  return total;
}

function sumOfRun(gradients: Float32Array, positions: readonly number[], dim: number): Float32Array {
  const first = at(positions, 0);
  const sum = gradients.slice(first * dim, (first + 1) * dim);
  for (const position of positions.slice(1)) {
    for (let d = 0; d < dim; d += 1) {
      sum[d] = fround(at(sum, d) + at(gradients, position * dim + d));
    }
  }
  return sum;
}

/** The row's mean gradient, for `reduction: "mean"`. */
export function meanOfRow(sum: Float32Array, occurrences: number): Float32Array {
  const divisor = fround(occurrences);
  return sum.map((element) => fround(element / divisor));
}

/** The sum of the squares of a row's elements, a float32. */
export function squares(row: Float32Array): number {
  return dot(row, row);
}

/** The sum of the products of two rows' elements, a float32. */
export function dot(row: Float32Array, other: Float32Array): number {
  return lanes(row.map((element, d) => element * at(other, d)));
}

/** The sum of a row's elements over eight lanes, a float32. */
export function lanes(row: Float32Array): number {
  const sums = new Float32Array(8);
  row.forEach((element, d) => {
    sums[d % 8] = fround(at(sums, d % 8) + element);
  });
  return tree(sums, fround);
}

/** The sum of one float64 for each occurrence; `undefined` stands for an occurrence that takes no part. */
export function sumOverOccurrences(values: readonly (number | undefined)[]): number {
  let total = 0;
  for (let start = 0; start < values.length; start += CHUNK) {
    const lanes = new Float64Array(8);
    for (let i = start; i < Math.min(start + CHUNK, values.length); i += 1) {
      const value = values[i];
      if (value !== undefined) {
        lanes[i % 8] = at(lanes, i % 8) + value;
      }
    }
    total += tree(lanes, (x) => x);
  }
  return total;
}

function tree(lanes: Float32Array | Float64Array, round: (x: number) => number): number {
  const pair = (first: number, second: number): number => round(at(lanes, first) + at(lanes, second));
  return round(round(pair(0, 4) + pair(2, 6)) + round(pair(1, 5) + pair(3, 7)));
}
