/** Weights and state of 16 bits: what they can hold, how they are rounded, what they take. */
import { describe, expect, test } from "vitest";
import type { TableOptions } from "../../index.js";
import { at } from "../oracle/at.js";
import { EmbeddingTable } from "./subject.js";
import { everyId, gradientsFor, skewedBatch } from "./support/batches.js";
import { Random, seed } from "./support/random.js";
import { expectRefusedUnchanged } from "./support/refusals.js";

/** The unit in the last place of numbers from 1 to 2, and the largest finite number. */
const types = [
  { dtype: "f16", unit: 2 ** -10, largest: 65_504 },
  { dtype: "bf16", unit: 2 ** -7, largest: (2 - 2 ** -7) * 2 ** 127 },
] as const;

const sgd = { type: "sgd", lr: 1 } as const;

describe.each(types)("$dtype", ({ dtype, unit, largest }) => {
  /** The number nearest to a weight. */
  function stored(weight: number): number {
    const table = new EmbeddingTable({ rows: 1, dim: 1, dtype });
    table.setRows([0], Float32Array.of(weight));
    return at(table.lookup([0]), 0);
  }

  test("rounds to nearest, ties to even, also below the smallest normal number", () => {
    expect([1, 1 + unit, -1 - unit].map(stored)).toEqual([1, 1 + unit, -1 - unit]);
    expect([1 + 0.49 * unit, 1 + 0.51 * unit].map(stored)).toEqual([1, 1 + unit]);
    expect([1 + 0.5 * unit, 1 + 1.5 * unit].map(stored)).toEqual([1, 1 + 2 * unit]);
    const smallest = dtype === "f16" ? 2 ** -24 : 2 ** -133;
    expect([smallest, 0.49 * smallest, 0.5 * smallest, 1.5 * smallest].map(stored)).toEqual([
      smallest,
      0,
      0,
      2 * smallest,
    ]);
    expect(stored(-0.4 * smallest)).toBe(-0);
    expect([largest, -largest].map(stored)).toEqual([largest, -largest]);
  });

  test("refuses to be set to weights that it has no finite number for", () => {
    const table = new EmbeddingTable({ rows: 1, dim: 2, dtype });
    const tooLarge = dtype === "f16" ? 65_520 : 3.3999e38;
    expectRefusedUnchanged(table, () => table.setRows([0], Float32Array.of(0, tooLarge)), { code: "ERR_NON_FINITE" });
  });

  test(`draws the first weights of float32, rounded (seed ${seed})`, () => {
    const wide = new EmbeddingTable({ rows: 30, dim: 7, seed });
    const narrow = new EmbeddingTable({ rows: 30, dim: 7, seed, dtype, rounding: "stochastic" });
    expect(narrow.lookup(everyId(30))).toEqual(wide.lookup(everyId(30)).map(stored));
    narrow.resetRows([3]);
    expect(narrow.lookup([3])).toEqual(wide.lookup([3]).map(stored));
  });

  describe("a step of 0.3 of a unit in the last place", () => {
    const rows = 4000;

    /** The mean by which one step moves weights of 1, in units. */
    function meanMove(options: Partial<TableOptions>): number {
      const init = new Float32Array(rows).fill(1);
      const table = new EmbeddingTable({ rows, dim: 1, init, optimizer: sgd, dtype, ...options });
      table.update(everyId(rows), new Float32Array(rows).fill(-0.3 * unit));
      const moves = table.lookup(everyId(rows)).map((weight) => (weight - 1) / unit);
      expect(moves.every((move) => move === 0 || move === 1)).toBe(true);
      return moves.reduce((sum, move) => sum + move, 0) / rows;
    }

    test("is lost to nearest", () => {
      expect(meanMove({})).toBe(0);
    });

    test.each([seed, seed + 1, seed + 2])(
      "is right in the mean at random, within 4 standard errors (seed %i)",
      (it) => {
        const standardError = Math.sqrt((0.3 * 0.7) / rows);
        expect(Math.abs(meanMove({ rounding: "stochastic", seed: it }) - 0.3)).toBeLessThan(4 * standardError);
      },
    );
  });

  test("sums up small steps at random, as float32 does", () => {
    const dim = 64;
    const init = new Float32Array(dim).fill(1);
    const table = new EmbeddingTable({ rows: 1, dim, init, optimizer: sgd, dtype, rounding: "stochastic" });
    for (let step = 0; step < 100; step += 1) {
      table.update([0], new Float32Array(dim).fill(-0.05 * unit));
    }
    const moved = table.lookup([0]).reduce((sum, weight) => sum + (weight - 1) / unit, 0) / dim;
    // 100 draws for each of 64 elements.
    expect(Math.abs(moved - 5)).toBeLessThan(4 * Math.sqrt((100 * 0.05 * 0.95) / dim));
  });

  test(`looks the same before a flush and after, up to its rounding (seed ${seed})`, () => {
    const table = new EmbeddingTable({ rows: 20, dim: 5, dtype, optimizer: { ...sgd, momentum: 0.5, scope: "all" } });
    const random = new Random(seed);
    for (let step = 0; step < 10; step += 1) {
      const { ids, gradients } = skewedBatch(random, 20, 5, 6);
      table.update(ids, gradients);
    }
    const before = table.lookup(everyId(20));
    table.flush();
    expect(table.lookup(everyId(20))).toEqual(before.map(stored));
  });

  test.each([1, 2, 7, 8])("takes 2 bytes a weight, at dim %i rounded up to 4 a row", (dim) => {
    const table = new EmbeddingTable({ rows: 10, dim, dtype });
    expect(table.memory.weights).toBe(10 * 4 * Math.ceil(dim / 2));
  });
});

describe("stateDtype bf16", () => {
  const adagrad = { type: "adagrad", lr: 1, accumulator: 1 } as const;

  /** The mean of s after a step that should add 0.3 of its unit in the last place, as rates tell. */
  function meanState(rounding: "nearest" | "stochastic"): number {
    const rows = 4000;
    const options = { rows, dim: 1, optimizer: adagrad, stateDtype: "bf16", rounding, seed } as const;
    const table = new EmbeddingTable(options);
    table.update(everyId(rows), new Float32Array(rows).fill(Math.sqrt(0.3 * 2 ** -7)));
    return table.rates(everyId(rows)).reduce((sum, rate) => sum + (rate ** -2 - 1) * 2 ** 7, 0) / rows;
  }

  test("rounds as dtype does", () => {
    expect(Math.abs(meanState("nearest"))).toBeLessThan(1e-4);
    expect(Math.abs(meanState("stochastic") - 0.3)).toBeLessThan(4 * Math.sqrt((0.3 * 0.7) / 4000));
  });

  test("leaves weights alone, and floats a row", () => {
    const options = { rows: 10, dim: 4, optimizer: { type: "rowwise-adagrad" } } as const;
    const [wide, narrow] = [new EmbeddingTable(options), new EmbeddingTable({ ...options, stateDtype: "bf16" })];
    for (const table of [wide, narrow]) {
      table.update([1, 2, 3], gradientsFor(new Random(seed), 3, 4));
    }
    expect(narrow.fingerprint()).toBe(wide.fingerprint());
  });
});

describe("random rounding", () => {
  const options = { rows: 60, dim: 9, dtype: "bf16", rounding: "stochastic", optimizer: sgd } as const;

  function trained(more: Partial<TableOptions>, pause = 0): EmbeddingTable {
    const table = new EmbeddingTable({ ...options, init: { type: "zeros" }, ...more });
    for (let step = 0; step < pause; step += 1) {
      table.update([], new Float32Array());
    }
    const { ids, gradients } = skewedBatch(new Random(seed), 60, 9, 100);
    table.update(ids, gradients);
    return table;
  }

  test(`is drawn from seed and step, and from nothing else (seed ${seed})`, () => {
    const weights = trained({}).lookup(everyId(60));
    expect(trained({}).lookup(everyId(60))).toEqual(weights);
    expect(trained({ threads: 1 }).lookup(everyId(60))).toEqual(weights);
    expect(trained({ seed: 1 }).lookup(everyId(60))).not.toEqual(weights);
    expect(trained({}, 1).lookup(everyId(60))).not.toEqual(weights);
  });
});
