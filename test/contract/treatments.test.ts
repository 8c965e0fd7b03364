/** Weight decay, clipping and the bound for weights: by hand, and by what they promise for any gradient. */
import { describe, expect, test } from "vitest";
import type { Clip, TableOptions, WeightDecay } from "../../index.js";
import { at } from "../oracle/at.js";
import { EmbeddingTable } from "./subject.js";
import { emptyBatch, everyId, skewedBatch } from "./support/batches.js";
import { Random, seed } from "./support/random.js";
import { ruleCases } from "./support/rule-cases.js";

const { fround } = Math;
const zeros = { type: "zeros" } as const;

function norm(x: ArrayLike<number>): number {
  return Math.hypot(...Array.from(x));
}

describe("weight decay by hand", () => {
  const decaying = (weightDecay: WeightDecay, more: Partial<TableOptions> = {}): EmbeddingTable =>
    new EmbeddingTable({
      rows: 2,
      dim: 1,
      init: Float32Array.of(1, 1),
      optimizer: { type: "sgd", lr: 0.5 },
      weightDecay,
      ...more,
    });

  test("decoupled: first w is multiplied by 1 - lr * rate, then the rule steps", () => {
    const table = decaying({ rate: 0.5 });
    table.update([0], Float32Array.of(0.25));
    // 1 * 0.75 - 0.5 * 0.25
    expect([...table.lookup([0, 1])]).toEqual([0.625, 1]);
  });

  test("l2: rate * w is added to the gradient", () => {
    const table = decaying({ rate: 0.5, type: "l2" });
    table.update([0], Float32Array.of(0.25));
    // 1 - 0.5 * (0.25 + 0.5)
    expect([...table.lookup([0, 1])]).toEqual([0.625, 1]);
  });

  test("decoupled decay never turns a weight's sign", () => {
    const table = decaying({ rate: 8 });
    table.update([0], Float32Array.of(0));
    expect([...table.lookup([0, 1])]).toEqual([0, 1]);
  });

  test("of scope all reaches rows outside the batch", () => {
    const table = decaying({ rate: 0.5, scope: "all" });
    table.update([0], Float32Array.of(0));
    table.update([0], Float32Array.of(0));
    expect([...table.lookup([0, 1])]).toEqual([0.5625, 0.5625]);
  });

  test("by tally: the rate is multiplied with the half-life over the tally that the step ends with", () => {
    const table = decaying({ rate: 0.25, by: "tally" }, { tally: { halfLife: 2 } });
    table.update([0, 0], Float32Array.of(0, 0));
    // The tally is 2: rate 0.25 * 2 / 2.
    expect(table.lookup([0])[0]).toBe(0.875);
    table.update([], new Float32Array());
    table.update([0], Float32Array.of(0));
    // Two steps have halved it: 1 + 1.
    expect(table.lookup([0])[0]).toBe(0.875 * 0.875);
    for (let step = 0; step < 3; step += 1) {
      table.update([], new Float32Array());
    }
    table.update([0, 1], Float32Array.of(0, 0));
    // Four have quartered it: 0.5 + 1, so the rate is 0.5 / 1.5. Row 1's tally is 1.
    expect(table.lookup([0])[0]).toBe(fround(0.875 * 0.875 * fround(1 - (0.5 * 0.5) / 1.5)));
    expect(table.lookup([1])[0]).toBe(0.75);
  });

  test("by tally keeps a row's decay a step the same, however rarely it comes", () => {
    const table = decaying({ rate: 0.002, by: "tally" }, { tally: { halfLife: 50, unit: "batch" } });
    const steps = 3000;
    for (let step = 1; step <= steps; step += 1) {
      table.update(step % 20 === 0 ? [0, 1] : [0], new Float32Array(step % 20 === 0 ? 2 : 1));
      if (step === 1000) {
        table.setRows([0, 1], Float32Array.of(1, 1));
      }
    }
    const [often, rarely] = table.lookup([0, 1]) as unknown as [number, number];
    // A tally in balance is h / log 2 in visits of every step, within 1 / (2 h): both shrink by log 2 * lr * rate a step.
    expect(Math.log(rarely) / Math.log(often)).toBeGreaterThan(0.85);
    expect(Math.log(rarely) / Math.log(often)).toBeLessThan(1.15);
  });
});

describe("clipping by hand", () => {
  /** What one step of sgd at rate 1 makes of a row's weights. */
  function step(clip: Clip, weights: number[], ids: number[], gradients: number[], id = 0): number[] {
    const table = new EmbeddingTable({
      rows: weights.length / 2,
      dim: 2,
      init: Float32Array.from(weights),
      optimizer: { type: "sgd", lr: 1 },
      clip,
    });
    table.update(ids, Float32Array.from(gradients));
    return [...table.lookup([id])];
  }

  test("value: each element of the sum", () => {
    expect(step({ type: "value", limit: 2 }, [0, 0], [0, 0], [3, -1, 4, -0.5])).toEqual([-2, 1.5]);
  });

  test("row-norm: each row's sum", () => {
    const weights = [0, 0, 0, 0];
    const gradients = [3, 4, 0.5, 0, 3, 4];
    expect(step({ type: "row-norm", limit: 5 }, weights, [0, 1, 0], gradients)).toEqual([-3, -4]);
    expect(step({ type: "row-norm", limit: 5 }, weights, [0, 1, 0], gradients, 1)).toEqual([-0.5, 0]);
  });

  test("global-norm: all rows by the same factor", () => {
    // Norms 5 and 12 are 13 together.
    const gradients = [3, 4, 0, 12];
    expect(step({ type: "global-norm", limit: 6.5 }, [0, 0, 0, 0], [0, 1], gradients)).toEqual([-1.5, -2]);
    expect(step({ type: "global-norm", limit: 6.5 }, [0, 0, 0, 0], [0, 1], gradients, 1)).toEqual([0, -6]);
    expect(step({ type: "global-norm", limit: 13 }, [0, 0, 0, 0], [0, 1], gradients)).toEqual([-3, -4]);
  });

  test("cow: to the occurrences times ratio times the norm of the weights", () => {
    // 2 * 0.5 * 5, and the sum has norm 10.
    expect(step({ type: "cow", ratio: 0.5 }, [3, 4], [0, 0], [2, 8, 4, 0])).toEqual([0, 0]);
  });

  test("cow: to the occurrences times floor where weights are small", () => {
    // 4 * 0.25, and the sum has norm 4.
    expect(step({ type: "cow", floor: 0.25 }, [0, 0], [0, 0, 0, 0], [0, 4, 0, 0, 0, 0, 0, 0])).toEqual([0, -1]);
  });

  test("comes before l2 decay, which it does not bound", () => {
    const table = new EmbeddingTable({
      rows: 1,
      dim: 1,
      init: Float32Array.of(16),
      optimizer: { type: "sgd", lr: 1 },
      clip: { type: "value", limit: 1 },
      weightDecay: { rate: 0.5, type: "l2" },
    });
    table.update([0], Float32Array.of(3));
    expect(table.lookup([0])[0]).toBe(16 - (1 + 8));
  });
});

describe(`bounds hold for random batches (seed ${seed})`, () => {
  const rows = 40;
  const dim = 9;
  /** Two roundings of an element, and those of a norm of nine. */
  const rounding = 1 + 8 * 2 ** -24;

  /** The steps of sgd at rate 1 from zeros: what clipping left of gradients. */
  function clipped(clip: Clip, random: Random): Float32Array[] {
    const table = new EmbeddingTable({ rows, dim, init: zeros, optimizer: { type: "sgd", lr: 1 }, clip });
    const { ids, gradients } = skewedBatch(random, rows, dim, 100);
    table.update(ids, gradients);
    return Array.from(everyId(rows), (id) => table.lookup([id]));
  }

  test("value", () => {
    const random = new Random(seed);
    const steps = Array.from({ length: 10 }, () => clipped({ type: "value", limit: 0.3 }, random)).flat();
    const largest = Math.max(...steps.flatMap((row) => [...row].map(Math.abs)));
    expect(largest).toBe(fround(0.3));
  });

  test("row-norm", () => {
    const random = new Random(seed);
    const steps = Array.from({ length: 10 }, () => clipped({ type: "row-norm", limit: 0.3 }, random)).flat();
    const longest = Math.max(...steps.map(norm));
    expect(longest).toBeLessThanOrEqual(0.3 * rounding);
    expect(longest).toBeGreaterThanOrEqual(0.3 / rounding);
  });

  test("global-norm", () => {
    const random = new Random(seed);
    for (let batch = 0; batch < 10; batch += 1) {
      const length = norm(clipped({ type: "global-norm", limit: 0.3 }, random).map(norm));
      expect(length).toBeLessThanOrEqual(0.3 * rounding);
      expect(length).toBeGreaterThanOrEqual(0.3 / rounding);
    }
  });

  const resting = ruleCases.filter(({ options }) => {
    const { optimizer, dtype = "f32" } = options(rows);
    return dtype === "f32" && !(optimizer !== undefined && "scope" in optimizer && optimizer.scope === "all");
  });

  test.each(resting)("largest norm of rows in the batch, with $name", ({ options }) => {
    const random = new Random(seed);
    const table = new EmbeddingTable({ rows, dim, ...options(rows), maxNorm: 0.2 });
    for (let batch = 0; batch < 5; batch += 1) {
      const { ids, gradients } = batch === 3 ? emptyBatch : skewedBatch(random, rows, dim, 60);
      table.update(ids, gradients);
      for (const id of ids) {
        expect(norm(table.lookup([id]))).toBeLessThanOrEqual(0.2 * rounding);
      }
    }
  });

  test("largest norm leaves shorter rows, and the direction of longer ones", () => {
    const table = new EmbeddingTable({
      rows: 2,
      dim: 2,
      init: Float32Array.of(3, 4, 0.3, 0.4),
      optimizer: { type: "sgd", lr: 1 },
      maxNorm: 1,
    });
    expect([...table.lookup([0])]).toEqual([3, 4]);
    table.update([0, 1], new Float32Array(4));
    expect(at(table.lookup([0]), 0)).toBe(fround(3 * fround(0.2)));
    expect(at(table.lookup([0]), 1)).toBe(fround(4 * fround(0.2)));
    expect(table.lookup([1])).toEqual(Float32Array.of(0.3, 0.4));
  });
});
