/** How the learning rate goes from step to step, as `rates` of an sgd table says. */
import { describe, expect, test } from "vitest";
import type { Schedule } from "../../index.js";
import { EmbeddingTable } from "./subject.js";

const lr = 0.8;

function tableOf(schedule: Schedule): EmbeddingTable {
  return new EmbeddingTable({ rows: 1, dim: 1, optimizer: { type: "sgd", lr }, init: { type: "zeros" }, schedule });
}

/** The rates of the first steps. */
function ratesOf(schedule: Schedule, count: number): number[] {
  const table = tableOf(schedule);
  return Array.from({ length: count }, () => {
    const [rate = Number.NaN] = table.rates([0]);
    table.update([], new Float32Array());
    return rate;
  });
}

const { PI, cos, sqrt } = Math;

describe("a schedule", () => {
  test.each<[name: string, schedule: Schedule, factor: (t: number) => number]>([
    ["constant", { type: "constant" }, () => 1],
    ["constant, warm-up 4", { type: "constant", warmup: 4 }, (t) => (t < 4 ? t / 4 : 1)],
    ["linear to 0", { type: "linear", steps: 8 }, (t) => (t < 8 ? 1 - t / 8 : 0)],
    ["linear to 0.25", { type: "linear", steps: 8, end: 0.25 }, (t) => (t < 8 ? 1 - (0.75 * t) / 8 : 0.25)],
    [
      "linear, warm-up 3",
      { type: "linear", steps: 9, warmup: 3, end: 0.5 },
      (t) => (t < 3 ? t / 3 : t < 9 ? 1 - (0.5 * (t - 3)) / 6 : 0.5),
    ],
    ["linear, rising", { type: "linear", steps: 5, end: 3 }, (t) => (t < 5 ? 1 + (2 * t) / 5 : 3)],
    ["cosine to 0", { type: "cosine", steps: 8 }, (t) => (t < 8 ? (1 + cos((PI * t) / 8)) / 2 : 0)],
    [
      "cosine to 0.1, warm-up 2",
      { type: "cosine", steps: 10, end: 0.1, warmup: 2 },
      (t) => (t < 2 ? t / 2 : t < 10 ? 0.1 + (0.9 * (1 + cos((PI * (t - 2)) / 8))) / 2 : 0.1),
    ],
    ["inverse-sqrt", { type: "inverse-sqrt" }, (t) => 1 / sqrt(t)],
    ["inverse-sqrt, warm-up 4", { type: "inverse-sqrt", warmup: 4 }, (t) => (t < 4 ? t / 4 : sqrt(4 / t))],
    ["inverse-sqrt, warm-up 0.5", { type: "inverse-sqrt", warmup: 0.5 }, (t) => 1 / sqrt(t)],
    ["function", (t) => 2 / t, (t) => 2 / t],
  ])("that is %s", (_name, schedule, factor) => {
    ratesOf(schedule, 14).forEach((rate, i) => {
      // One rounding to float32, and a cosine that is a unit in the last place of a float64 off.
      expect(Math.abs(rate - lr * factor(i + 1)), `step ${i + 1}`).toBeLessThanOrEqual(lr * 2 ** -23);
    });
  });

  test("leaves lr alone, which may be set on top of it", () => {
    const table = tableOf({ type: "linear", steps: 4 });
    table.update([0], Float32Array.of(1));
    expect(table.lr).toBe(lr);
    expect(table.lookup([0])[0]).toBe(-Math.fround(lr * 0.75));
    table.lr = 2;
    expect(table.lr).toBe(2);
    expect(table.rates([0])[0]).toBe(1);
  });

  test("steps by the rate that rates has promised", () => {
    const table = tableOf({ type: "cosine", steps: 30, warmup: 5 });
    for (let step = 0; step < 10; step += 1) {
      const [rate = Number.NaN] = table.rates([0]);
      table.setRows([0], new Float32Array(1));
      table.update([0], Float32Array.of(-1));
      expect(table.lookup([0])[0]).toBe(rate);
    }
  });

  test("goes on from the same step in a clone", () => {
    const table = tableOf({ type: "linear", steps: 10 });
    table.update([], new Float32Array());
    const copy = table.clone();
    expect(copy.rates([0])).toEqual(table.rates([0]));
    copy.update([], new Float32Array());
    expect(copy.rates([0])).not.toEqual(table.rates([0]));
  });

  test("that is a function is asked for the number of each step, and of the next for rates", () => {
    const asked: number[] = [];
    const table = tableOf((step) => {
      asked.push(step);
      return 1;
    });
    table.update([0], Float32Array.of(1));
    table.update([], new Float32Array());
    table.rates([0]);
    table.lookup([0]);
    table.tallies();
    table.update([0], Float32Array.of(1));
    table.clone().update([0], Float32Array.of(1));
    expect(asked).toEqual([1, 2, 3, 3, 4]);
  });
});
