/** Bags against committed vectors of PyTorch's `embedding_bag` and FBGEMM's, see test/vectors/README.md. */
import { describe, expect, test } from "vitest";
import { at } from "../oracle/at.js";
import fbgemm from "../vectors/fbgemm.json" with { type: "json" };
import pytorch from "../vectors/pytorch.json" with { type: "json" };
import { EmbeddingTable } from "./subject.js";

interface Pooling {
  readonly name: string;
  readonly kind: "pooling";
  readonly rows: number;
  readonly dim: number;
  readonly weights: readonly number[];
  readonly ids: readonly number[];
  readonly offsets: readonly number[];
  readonly mode: "sum" | "mean" | "max";
  readonly perSample?: readonly number[];
  readonly paddingId?: number;
  readonly pooled: readonly number[];
  readonly outGradient: readonly number[];
  /** Of the whole table. */
  readonly weightGradient: readonly number[];
  readonly perSampleGradient?: readonly number[];
}

function poolings(file: { cases: readonly { kind: string }[] }): Pooling[] {
  return file.cases.filter((given) => given.kind === "pooling") as unknown as Pooling[];
}

/** Sums of up to six products of numbers of the size of `scale`: each rounds by half a unit in the last place at most. */
const bound = (scale: number): number => 8 * 2 ** -24 * scale;

function expectNear(what: string, found: ArrayLike<number>, expected: readonly number[], scale: number): void {
  expect(found.length).toBe(expected.length);
  expected.forEach((value, i) => {
    const error = Math.abs(at(found, i) - value);
    expect(error, `${what} ${i} is ${found[i]}, not ${value}`).toBeLessThanOrEqual(bound(scale));
  });
}

const largest = (...arrays: readonly (readonly number[])[]): number => Math.max(...arrays.flat().map(Math.abs));

describe.each([
  ["PyTorch", poolings(pytorch)],
  ["FBGEMM", poolings(fbgemm)],
])("%s", (_, cases) => {
  test.each(cases)("$name: pooled vectors, gradients of rows and of weights", (given) => {
    const { rows, dim, ids, offsets, mode, perSample, paddingId } = given;
    const table = new EmbeddingTable({
      rows,
      dim,
      init: Float32Array.from(given.weights),
      optimizer: { type: "sgd", lr: 1 },
      ...(paddingId === undefined ? {} : { paddingId }),
    });
    const options = perSample === undefined ? { mode } : { mode, weights: Float32Array.from(perSample) };
    const products = largest(given.weights) * largest(perSample ?? [1]) * 6;
    expectNear("pooled", table.pool(ids, offsets, options), given.pooled, products);

    const before = table.lookup(Array.from({ length: rows }, (_, id) => id));
    const weightGradients = new Float32Array(ids.length);
    table.updatePool(ids, offsets, Float32Array.from(given.outGradient), { ...options, weightGradients });
    const after = table.lookup(Array.from({ length: rows }, (_, id) => id));
    const gradients = Float64Array.from(before, (weight, i) => weight - at(after, i));
    const sums = largest(given.weightGradient) * largest(perSample ?? [1]) * 6 + largest(given.weights);
    expectNear("gradient", gradients, given.weightGradient, sums);
    if (given.perSampleGradient !== undefined) {
      expectNear(
        "weight's gradient",
        weightGradients,
        given.perSampleGradient,
        dim * largest(given.weights) * largest(given.outGradient),
      );
    }
  });
});

test("There are vectors of every mode and of each peer", () => {
  const modes = new Set(poolings(pytorch).map(({ mode }) => mode));
  expect([...modes].sort()).toEqual(["max", "mean", "sum"]);
  expect(poolings(pytorch).length).toBeGreaterThanOrEqual(9);
  expect(poolings(fbgemm).length).toBeGreaterThanOrEqual(3);
});
