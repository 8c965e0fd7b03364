/** Steps of rules with state of their own worked out by hand, with numbers chosen so that every root and quotient is exact. */
import { expect, test } from "vitest";
import type { Optimizer, TableOptions } from "../../index.js";
import { OracleTable } from "./oracle-table.js";
import { scheduledLr } from "./schedule.js";

/** The weights of a row after steps by these gradients. */
function after(optimizer: Optimizer, gradients: number[][], more: Partial<TableOptions> = {}): number[] {
  const dim = gradients[0]?.length ?? 0;
  const table = new OracleTable({ rows: 1, dim, init: { type: "zeros" }, optimizer, ...more });
  for (const gradient of gradients) {
    table.update([0], Float32Array.from(gradient));
  }
  return [...table.lookup([0])];
}

test("momentum: b = 1, then 0.5 * 1 + 2", () => {
  expect(after({ type: "sgd", lr: 0.5, momentum: 0.5 }, [[1], [2]])).toEqual([-0.5 - 0.5 * 2.5]);
});

test("Nesterov: the gradient and half of the new b", () => {
  const nesterov = { type: "sgd", lr: 0.5, momentum: 0.5, nesterov: true } as const;
  expect(after(nesterov, [[1], [2]])).toEqual([-0.5 * 1.5 - 0.5 * (2 + 0.5 * 2.5)]);
});

test("rmsprop: v = 0.25 * 16", () => {
  expect(after({ type: "rmsprop", lr: 1, alpha: 0.75, eps: 2 }, [[4]])).toEqual([-1]);
});

test("adam of all rows: eps is added after the correction", () => {
  // q = 0.5; alpha = 0.5 / 0.5; m = 2, v = 4: 2 / (2 + 2 * 0.5).
  const adam = { type: "adam", lr: 1.5, beta1: 0.5, beta2: 0.75, eps: 2, scope: "all" } as const;
  expect(after(adam, [[4]])).toEqual([-1]);
});

test("rowwise-adam: v of the mean of squares", () => {
  // v = 0.25 * 64 / 2, alpha = 1, m = half of G.
  const rowwise = { type: "rowwise-adam", lr: 1, beta1: 0.5, beta2: 0.75, eps: 1 } as const;
  const [first, second] = after(rowwise, [[8, 0]]);
  expect(first).toBe(-Math.fround(Math.fround(1 / (Math.sqrt(8) + 1)) * 4));
  expect(second).toBe(0);
});

test("ftrl: z = 3 and a = 9, of which lambda1 leaves 2 over ((1 + 3) / 0.5 + 0)", () => {
  expect(after({ type: "ftrl", lr: 0.5, lambda1: 1 }, [[3]])).toEqual([-0.25]);
});

test("schedules by hand", () => {
  const lrs = (schedule: TableOptions["schedule"], ...steps: number[]): number[] =>
    steps.map((step) => scheduledLr(schedule, 8, step));
  expect(lrs(undefined, 1, 9)).toEqual([8, 8]);
  expect(lrs({ type: "constant", warmup: 4 }, 1, 3, 4, 5)).toEqual([2, 6, 8, 8]);
  expect(lrs({ type: "linear", steps: 4, end: 0.5 }, 1, 4, 9)).toEqual([7, 4, 4]);
  expect(lrs({ type: "cosine", steps: 4 }, 2, 4)).toEqual([4, 0]);
  expect(lrs({ type: "inverse-sqrt", warmup: 4 }, 2, 4, 16)).toEqual([4, 8, 4]);
  expect(lrs((step) => step / 2, 3)).toEqual([12]);
});
