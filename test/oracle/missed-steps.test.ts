/** Rows that rest, in the oracle: worked out by hand, and held against rows that are in every batch. */
import { describe, expect, test } from "vitest";
import type { Optimizer, TableOptions } from "../../index.js";
import { OracleTable } from "./oracle-table.js";
import { type Map2, Runs } from "./runs.js";

function tableOf(optimizer: Optimizer, more: Partial<TableOptions> = {}): OracleTable {
  return new OracleTable({ rows: 2, dim: 1, init: Float32Array.of(1, 1), optimizer, ...more });
}

describe("runs", () => {
  /** Runs of 1, 2, 3, 1, 2, 3 ... steps, each at a rate of its own. */
  function runsOver(steps: number): Runs {
    const runs = new Runs();
    for (let step = 1, lr = 1, left = 1; step <= steps; step += 1) {
      runs.add(step, lr);
      left -= 1;
      if (left === 0) {
        lr += 1;
        left = 1 + ((lr - 1) % 3);
      }
    }
    return runs;
  }

  test("begin where the rate changes", () => {
    expect(runsOver(7).all).toEqual([
      { first: 1, lr: 1 },
      { first: 2, lr: 2 },
      { first: 4, lr: 3 },
      { first: 7, lr: 4 },
    ]);
    expect([1, 2, 3, 4, 6, 7].map((step) => runsOver(7).lrOf(step))).toEqual([1, 2, 2, 3, 3, 4]);
  });

  test("give the product of their maps in order, from any step to any other", () => {
    const runs = runsOver(40);
    // Shears by 0 or 1 do not commute, and their products stay exact.
    const mapOf = (lr: number): Map2 => (lr % 2 === 0 ? [1, lr % 4 === 0 ? 1 : 0, 0, 1] : [1, 0, 1, 1]);
    for (let from = 1; from <= 40; from += 1) {
      let expected: Map2 = [1, 0, 0, 1];
      for (let to = from; to <= 40; to += 1) {
        const [p, q, r, s] = mapOf(runs.lrOf(to));
        const [w, x, y, z]: Map2 = expected;
        expected = [p * w + q * y, p * x + q * z, r * w + s * y, r * x + s * z];
        expect(runs.product(from, to, mapOf)).toEqual(expected);
      }
    }
  });

  test("know where the rate was highest for the last time", () => {
    const runs = new Runs();
    for (const [step, lr] of [3, 3, 1, 2, 2, 1, 3].entries()) {
      runs.add(step + 1, lr);
    }
    const peaks = (to: number): number[] => [1, 2, 3, 4, 5, 6, 7].filter((step) => step <= to && runs.isPeak(step, to));
    expect(peaks(7)).toEqual([7]);
    expect(peaks(6)).toEqual([1, 2, 4, 5, 6]);
  });
});

describe("by hand", () => {
  test("momentum carries a row on", () => {
    const table = tableOf({ type: "sgd", lr: 0.5, momentum: 0.5, scope: "all" });
    table.update([0], Float32Array.of(1));
    table.update([], new Float32Array());
    table.update([], new Float32Array());
    // b = 1, 0.5, 0.25.
    expect([...table.lookup([0, 1])]).toEqual([1 - 0.5 * 1.75, 1]);
    table.update([0], Float32Array.of(0));
    expect(table.lookup([0])[0]).toBe(1 - 0.5 * 1.875);
  });

  test("decay goes on, at each step's rate", () => {
    const table = tableOf({ type: "sgd", lr: 0.5 }, { weightDecay: { rate: 0.5, scope: "all" } });
    table.update([0], Float32Array.of(0));
    table.lr = 1;
    table.update([0], Float32Array.of(0));
    expect([...table.lookup([0, 1])]).toEqual([0.375, 0.375]);
  });

  test("a flush writes what look-ups say, and forgets", () => {
    const table = tableOf({ type: "sgd", lr: 0.5, momentum: 0.5, scope: "all" });
    table.update([0], Float32Array.of(1));
    table.update([], new Float32Array());
    const before = table.fingerprint();
    const weights = table.lookup([0, 1]);
    expect(table.fingerprint()).toBe(before);
    table.flush();
    expect(table.fingerprint()).not.toBe(before);
    expect(table.lookup([0, 1])).toEqual(weights);
  });
});

test.each<[optimizer: Optimizer, more: Partial<TableOptions>]>([
  [{ type: "adam", lr: 0.01, scope: "all" }, {}],
  [{ type: "adam", lr: 0.01, beta1: 0.2, beta2: 0.3, scope: "all" }, {}],
  [{ type: "rowwise-adam", lr: 0.01, beta1: 0.2, scope: "all" }, {}],
  [{ type: "rmsprop", scope: "all" }, {}],
  [{ type: "adam", scope: "all" }, { weightDecay: { rate: 0.1, type: "l2" } }],
  [{ type: "adagrad", scope: "all" }, { weightDecay: { rate: 0.1, type: "l2" } }],
])("a row that rests is one that has gradients of 0: %j %j", (optimizer, more) => {
  const table = tableOf(optimizer, more);
  table.update([0, 1], Float32Array.of(0.5, 0.5));
  for (let step = 0; step < 300; step += 1) {
    table.lr = step % 50 === 0 ? 0.02 : 0.01;
    table.update([0], Float32Array.of(0));
    const [busy, resting] = table.lookup([0, 1]);
    expect(resting).toBe(busy);
  }
});
