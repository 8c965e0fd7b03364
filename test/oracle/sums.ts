/**
 * The four sums that decide bits: a row's sum of gradients over runs of its occurrences, an element-wise mean, a sum of
 * squares over eight lanes, and a sum over a batch's occurrences in chunks of positions. Part of the oracle.
 */

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
      total[d] = start === 0 ? run[d] : fround(total[d] + run[d]);
    }
  }
  return total;
}

function sumOfRun(gradients: Float32Array, positions: readonly number[], dim: number): Float32Array {
  const [first, ...others] = positions;
  const sum = gradients.slice(first * dim, (first + 1) * dim);
  for (const position of others) {
    for (let d = 0; d < dim; d += 1) {
      sum[d] = fround(sum[d] + gradients[position * dim + d]);
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
  const lanes = new Float32Array(8);
  row.forEach((element, d) => {
    lanes[d % 8] = fround(lanes[d % 8] + fround(element * element));
  });
  return tree(lanes, fround);
}

/** The sum of one float64 for each occurrence; `undefined` stands for an occurrence that takes no part. */
export function sumOverOccurrences(values: readonly (number | undefined)[]): number {
  let total = 0;
  for (let start = 0; start < values.length; start += CHUNK) {
    const lanes = new Float64Array(8);
    for (let i = start; i < Math.min(start + CHUNK, values.length); i += 1) {
      const value = values[i];
      if (value !== undefined) {
        lanes[i % 8] += value;
      }
    }
    total += tree(lanes, (x) => x);
  }
  return total;
}

function tree(a: Float32Array | Float64Array, round: (x: number) => number): number {
  const even = round(round(a[0] + a[4]) + round(a[2] + a[6]));
  const odd = round(round(a[1] + a[5]) + round(a[3] + a[7]));
  return round(even + odd);
}
