/** Buckets on a data set small enough to count by hand. */
import { EmbeddingTable } from "tallygrad";
import { expect, test } from "vitest";
import { measureBucketLosses, measureBuckets } from "./buckets.js";
import type { Dataset } from "./dataset.js";
import { FactorizationMachine } from "./factorization-machine.js";

/** Row 0 never occurs in training, row 1 nine times, row 2 ten times, row 3 999 times, row 4 1,000 times. */
const counts = [0, 9, 10, 999, 1000];
const data: Dataset = {
  title: "by hand",
  synthetic: true,
  fields: 2,
  rows: 5,
  train: {
    count: 1009,
    ids: Uint32Array.from(counts.flatMap((count, row) => new Array<number>(count).fill(row))),
    labels: new Uint8Array(1009),
    trueLogits: null,
  },
  validation: null,
  test: { count: 3, ids: Uint32Array.of(0, 4, 1, 2, 4, 4), labels: Uint8Array.of(1, 1, 0), trueLogits: null },
};

test("Rows fall into tail, middle and head at counts of 10 and 1,000, and losses are means over test occurrences", () => {
  // Odds of 1 for the first example (loss log 2) and of 3 for the others (right: log 4/3, wrong: log 4).
  const buckets = measureBucketLosses(data, Float64Array.of(0, Math.log(3), Math.log(3)));
  expect(buckets).toEqual([
    { bucket: "tail", rows: 2, occurrences: 2, logLoss: expect.closeTo((Math.log(2) + Math.log(4 / 3)) / 2, 12) },
    { bucket: "middle", rows: 2, occurrences: 1, logLoss: expect.closeTo(Math.log(4 / 3), 12) },
    { bucket: "head", rows: 1, occurrences: 3, logLoss: expect.closeTo((Math.log(2) + 2 * Math.log(4)) / 3, 12) },
  ]);
});

test("A bucket that no test occurrence falls into has no loss", () => {
  const headless = { ...data, test: { ...data.test, ids: Uint32Array.of(0, 1, 1, 2, 0, 1) } };
  expect(measureBucketLosses(headless, new Float64Array(3))[2]).toMatchObject({ occurrences: 0, logLoss: null });
});

test("Squared gradients are means over occurrences and elements", () => {
  // Vectors of ones and zeros, no biases: the first example's vectors (row 0: 1 0, row 4: 1 1) have the dot product 1.
  using vectors = new EmbeddingTable({ rows: 5, dim: 2, init: Float32Array.of(1, 0, 0, 0, 0, 0, 0, 0, 1, 1) });
  using biases = new EmbeddingTable({ rows: 5, dim: 1, init: { type: "zeros" } });
  const model = new FactorizationMachine({ fields: 2, dim: 2, batch: 2, globalBias: 0 }, vectors, biases);
  const [tail, middle, head] = measureBuckets(model, data);
  const sigmoid = (logit: number) => 1 / (1 + Math.exp(-logit));
  // Row 0 gets (p - 1)(1 1), row 4 gets (p - 1)(1 0) with p = sigmoid(1); rows 1 and 2 get nothing from each other's zeros.
  const first = (sigmoid(1) - 1) ** 2;
  expect(tail?.meanSquaredGradient).toBeCloseTo((first + 0) / 2, 6);
  expect(middle?.meanSquaredGradient).toBe(0);
  // Row 4 with itself: the dot product is 2 and the label 0, so both occurrences get p(1 1) with p = sigmoid(2).
  expect(head?.meanSquaredGradient).toBeCloseTo((first / 2 + 2 * sigmoid(2) ** 2) / 3, 6);
});
