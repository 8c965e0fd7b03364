/** Steps of the oracle worked out by hand, with numbers chosen so that every root and quotient is exact. */
import { describe, expect, test } from "vitest";
import type { Optimizer, TableOptions } from "../../index.js";
import { at } from "./at.js";
import { OracleTable } from "./oracle-table.js";

function tableOf(optimizer: Optimizer, options: Partial<TableOptions> = {}): OracleTable {
  return new OracleTable({ rows: 3, dim: 1, init: { type: "zeros" }, optimizer, ...options });
}

function weightsAfter(table: OracleTable, ...batches: [ids: number[], gradients: number[]][]): number[] {
  for (const [ids, gradients] of batches) {
    table.update(ids, Float32Array.from(gradients));
  }
  return [...table.lookup([0, 1, 2])];
}

describe("one step by hand", () => {
  test("sgd: lr times the sum", () => {
    const table = tableOf({ type: "sgd", lr: 0.5 });
    expect(
      weightsAfter(table, [
        [0, 2, 0],
        [1, 4, 0.5],
      ]),
    ).toEqual([-0.75, 0, -2]);
    expect([...table.tallies()]).toEqual([2, 0, 1]);
  });

  test("sgd with reduction mean: lr times the mean", () => {
    const table = tableOf({ type: "sgd", lr: 0.5 }, { reduction: "mean" });
    expect(
      weightsAfter(table, [
        [0, 2, 0],
        [1, 4, 0.5],
      ]),
    ).toEqual([-0.375, 0, -2]);
  });

  test("fa-sgd: lr over the root of what is expected, capped; the cap where nothing is", () => {
    const table = tableOf({ type: "fa-sgd", lr: 1, maxLr: 2, expectedCounts: [16, 0.0625, 0] });
    expect(
      weightsAfter(table, [
        [0, 1, 2],
        [1, 1, 1],
      ]),
    ).toEqual([-0.25, -2, -2]);
  });

  test("cf-sgd: the tally after the batch is under the root", () => {
    const table = tableOf({ type: "cf-sgd", lr: 1, start: 2 });
    // x = 2 + 2, then 2 + 5 + 2.
    expect(
      weightsAfter(table, [
        [0, 0],
        [1, 1],
      ])[0],
    ).toBe(-1);
    expect(
      weightsAfter(table, [
        [0, 0, 0, 0, 0],
        [3, 0, 0, 0, 0],
      ])[0],
    ).toBe(-2);
  });

  test("cf-sgd with a horizon: x grows by horizon over step until the horizon is reached", () => {
    const table = tableOf({ type: "cf-sgd", lr: 8, horizon: 2 });
    // x = 2 * 2 / 1 = 4, then (2 + 2) * 2 / 2 = 4, then (4 + 12) * 2 / 2 = 16.
    expect(
      weightsAfter(table, [
        [0, 0],
        [1, 0],
      ])[0],
    ).toBe(-4);
    expect(
      weightsAfter(table, [
        [0, 0],
        [1, 0],
      ])[0],
    ).toBe(-8);
    expect(weightsAfter(table, [new Array(12).fill(0), [1, ...new Array(11).fill(0)]])[0]).toBe(-10);
  });

  test("cf-sgd with normalize: the capped rate over the root mean square of single gradients", () => {
    const table = tableOf({ type: "cf-sgd", lr: 8, maxLr: 6, normalize: true });
    // R2 = (1 + 7 * 7 + 1 + 49) / 4 = 25. Row 0: min(6, 8 / 1) / 5; row 1 occurs three times, 8 / sqrt(3) is below 6.
    const row1 = Math.fround(8 / Math.sqrt(3) / 5);
    expect(
      weightsAfter(table, [
        [0, 1, 1, 1],
        [1, 7, 1, -7],
      ]),
    ).toEqual([-Math.fround(6 / 5), -row1, 0]);
  });

  test("tallygrad: floor, the past estimated from the tally before, the present measured", () => {
    const table = tableOf({ type: "tallygrad", lr: 1, start: 0 });
    // R2 = (9 + 1) / 2, before = 0, G = 4: the root is 4 and the step lr.
    expect(
      weightsAfter(table, [
        [0, 0],
        [3, 1],
      ])[0],
    ).toBe(-1);
    // R2 = (10 + 4) / 3, before = 2, G = 2: the root is sqrt(28 / 3 + 4).
    const eta = Math.fround(1 / Math.sqrt((14 / 3) * 2 + 4));
    expect(weightsAfter(table, [[0], [2]])[0]).toBe(Math.fround(-1 - Math.fround(eta * 2)));
    const withFloor = tableOf({ type: "tallygrad", lr: 10, start: 4, floor: 5 });
    // 5 + 4 * (0 + 4) + 4 = 25.
    expect(weightsAfter(withFloor, [[1], [2]])[1]).toBe(-4);
  });

  test("tallygrad: a row whose gradients are all zero before any other stays where it is", () => {
    expect(weightsAfter(tableOf({ type: "tallygrad", start: 0 }), [[0], [0]])).toEqual([0, 0, 0]);
  });

  test("rowwise-adagrad: the mean square is added to the row's state, which starts at the accumulator", () => {
    const table = tableOf({ type: "rowwise-adagrad", lr: 1, accumulator: 3.5, eps: 1 }, { dim: 2 });
    table.update([1], Float32Array.of(3, 4));
    // s = 3.5 + 25 / 2 = 16.
    expect([...table.lookup([1])]).toEqual([-Math.fround(3 * Math.fround(0.2)), -Math.fround(4 * Math.fround(0.2))]);
  });

  test("adagrad: each element has its own sum of squares", () => {
    const table = tableOf({ type: "adagrad", lr: 0.5, accumulator: 16, eps: 1 }, { dim: 2 });
    table.update([1], Float32Array.of(3, 0));
    // s = 25 and 16; 0.5 * 3 / (5 + 1) and 0.
    expect([...table.lookup([1])]).toEqual([-0.25, 0]);
  });

  test("adam: both moments, corrected by the table's step", () => {
    const table = tableOf({ type: "adam", lr: 1, beta1: 0.5, beta2: 0.75, eps: 2 });
    // alpha = sqrt(1 - 0.75) / (1 - 0.5) = 1; m = 0.5 * 4, v = 0.25 * 16; 2 / (2 + 2).
    expect(weightsAfter(table, [[0], [4]])[0]).toBe(-0.5);
    // Row 1's first step is the table's second: alpha = sqrt(1 - 0.5625) / 0.75; m = 2, v = 4.
    const alpha = Math.fround(Math.sqrt(0.4375) / 0.75);
    expect(weightsAfter(table, [[1], [4]])[1]).toBe(-Math.fround(Math.fround(alpha * 2) / 4));
  });
});

describe("what surrounds a step", () => {
  test("a half-life halves a tally in its time, without writing", () => {
    const table = tableOf({ type: "sgd", lr: 1 }, { tally: { halfLife: 2 } });
    weightsAfter(
      table,
      [
        [0, 0, 0, 0],
        [0, 0, 0, 0],
      ],
      [[], []],
      [[], []],
    );
    expect(table.tally(0)).toBe(2);
    weightsAfter(table, [[], []], [[0], [0]]);
    expect(table.tally(0)).toBe(2);
  });

  test("unit batch counts a batch once", () => {
    const table = tableOf({ type: "sgd", lr: 1 }, { tally: { unit: "batch" } });
    weightsAfter(
      table,
      [
        [0, 0, 0],
        [0, 0, 0],
      ],
      [[0], [0]],
    );
    expect(table.tally(0)).toBe(2);
  });

  test("the padding row is zeros, and neither trained nor counted nor checked", () => {
    const table = tableOf({ type: "tallygrad", lr: 1, start: 0 }, { paddingId: 1, init: { type: "normal" } });
    const before = at(table.lookup([0]), 0);
    table.update([1, 0], Float32Array.of(Number.NaN, 2));
    expect([...table.lookup([1])]).toEqual([0]);
    expect(table.lookup([0])[0]).toBe(Math.fround(before - 1));
    expect(table.tally(1)).toBe(0);
  });

  test("reject leaves the table as it was", () => {
    const table = tableOf({ type: "tallygrad" });
    const before = table.fingerprint();
    expect(() => table.update([0, 1], Float32Array.of(1, Number.NaN))).toThrow(
      expect.objectContaining({ code: "ERR_NON_FINITE" }),
    );
    expect(() => table.update([0, 1], Float32Array.of(1, 1e20))).toThrow(
      expect.objectContaining({ code: "ERR_NON_FINITE" }),
    );
    expect(table.fingerprint()).toBe(before);
  });

  test("skip leaves rows whose sum is not finite, and R2 ignores their squares", () => {
    const table = tableOf({ type: "tallygrad", lr: 1, start: 0 }, { nonFinite: "skip" });
    expect(table.update([0, 1, 0], Float32Array.of(1, 3, Number.POSITIVE_INFINITY))).toBe(1);
    expect([...table.tallies()]).toEqual([0, 1, 0]);
    // R2 = (1 + 9) / 2: the next rate of row 1 is 1 / sqrt(5 * 1).
    expect(table.rates([1])[0]).toBe(Math.fround(1 / Math.sqrt(5)));
  });

  test("rates foresee the next step with one occurrence", () => {
    const table = tableOf({ type: "cf-sgd", lr: 6 });
    table.update([0, 0, 0], new Float32Array(3));
    expect([...table.rates([0, 1])]).toEqual([3, 6]);
  });

  test("a clone goes its own way, from the same bits", () => {
    const table = tableOf({ type: "adam" }, { tally: { halfLife: 3 } });
    table.update([0, 1], Float32Array.of(1, 2));
    const copy = table.clone();
    expect(copy.fingerprint()).toBe(table.fingerprint());
    const before = table.fingerprint();
    copy.update([0], Float32Array.of(1));
    expect(table.fingerprint()).toBe(before);
    table.update([0], Float32Array.of(1));
    expect(copy.fingerprint()).toBe(table.fingerprint());
  });

  test("resetRows brings back first weights, first state and tally 0", () => {
    const options: Partial<TableOptions> = { init: { type: "uniform" }, tally: { halfLife: 3 } };
    const table = tableOf({ type: "rowwise-adagrad", accumulator: 2 }, options);
    const fresh = table.clone();
    table.update([0], Float32Array.of(1));
    fresh.update([], new Float32Array());
    expect(table.fingerprint()).not.toBe(fresh.fingerprint());
    table.resetRows([0]);
    expect(table.fingerprint()).toBe(fresh.fingerprint());
  });
});
