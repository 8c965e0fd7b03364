/** What a competent programmer writes without a kernel: `cf-sgd` as one loop over typed arrays. */

import type { Batch, Shape } from "./workload.js";

export interface PlainTable {
  weights: Float32Array;
  step(batch: Batch): void;
}

/** Counts a batch, then moves each row by its occurrences' gradients: the same step as the kernel's, but for roundings. */
export function plainTable(shape: Shape, lr: number): PlainTable {
  const { rows, dim } = shape;
  const weights = new Float32Array(rows * dim);
  const counts = new Uint32Array(rows);
  const step = ({ ids, gradients }: Batch): void => {
    for (let i = 0; i < ids.length; i++) counts[ids[i] as number] = (counts[ids[i] as number] as number) + 1;
    for (let i = 0; i < ids.length; i++) {
      const row = ids[i] as number;
      const rate = lr / Math.sqrt(counts[row] as number);
      const to = row * dim;
      const from = i * dim;
      for (let d = 0; d < dim; d++) {
        weights[to + d] = (weights[to + d] as number) - rate * (gradients[from + d] as number);
      }
    }
  };
  return { weights, step };
}
