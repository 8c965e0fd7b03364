/** The bytes a table says it holds. */
import { describe, expect, test } from "vitest";
import type { Optimizer, TableOptions } from "../../index.js";
import { EmbeddingTable } from "./subject.js";

describe("memory", () => {
  const n = 100;
  const plain = { optimizer: { type: "sgd", lr: 1 } } as const;
  test.each<[name: string, more: Partial<TableOptions>, state: number, tallies: number]>([
    ["tallygrad", {}, 0, 4 * n],
    ["sgd", plain, 0, 4 * n],
    ["sgd with a half-life", { ...plain, tally: { halfLife: 2 } }, 0, 16 * n],
    ["cf-sgd", { optimizer: { type: "cf-sgd", lr: 1, normalize: true } }, 0, 4 * n],
    ["fa-sgd", { optimizer: { type: "fa-sgd", lr: 1, expectedCounts: new Float32Array(n).fill(1) } }, 8 * n, 4 * n],
    ["adagrad", { optimizer: { type: "adagrad" } }, 4 * 7 * n, 4 * n],
    ["rowwise-adagrad", { optimizer: { type: "rowwise-adagrad" } }, 4 * n, 4 * n],
    ["momentum", { optimizer: { type: "sgd", lr: 1, momentum: 0.9 } }, 4 * 7 * n, 4 * n],
    ["momentum, all", { optimizer: { type: "sgd", lr: 1, momentum: 0.9, scope: "all" } }, (4 * 7 + 8) * n, 4 * n],
    ["sgd, all", { optimizer: { type: "sgd", lr: 1, scope: "all" } }, 0, 4 * n],
    ["sgd with decay of all rows", { ...plain, weightDecay: { rate: 1, scope: "all" } }, 8 * n, 4 * n],
    ["sgd with decay", { ...plain, weightDecay: { rate: 1 } }, 0, 4 * n],
    ["rmsprop", { optimizer: { type: "rmsprop" } }, 4 * 7 * n, 4 * n],
    ["rowwise-adam", { optimizer: { type: "rowwise-adam" } }, 4 * 8 * n, 4 * n],
    ["ftrl", { optimizer: { type: "ftrl" } }, 8 * 7 * n, 4 * n],
    ["adam with a half-life", { optimizer: { type: "adam" }, tally: { halfLife: 2 } }, 8 * 7 * n, 16 * n],
  ])("counts the bytes of %s exactly", (_name, more, state, tallies) => {
    const { memory } = new EmbeddingTable({ rows: n, dim: 7, ...more });
    expect(memory).toEqual({ weights: 4 * 7 * n, state, tallies, scratch: memory.scratch });
    expect(memory.scratch).toBeGreaterThanOrEqual(0);
  });

  // A row's seven floats of two bytes take 14, which are rounded up to 16.
  test.each<[name: string, optimizer: Optimizer, state: number]>([
    ["adam", { type: "adam" }, 2 * 16],
    ["adam, all", { type: "adam", scope: "all" }, 2 * 16 + 8],
    ["momentum", { type: "sgd", lr: 1, momentum: 0.9 }, 16],
    ["adagrad", { type: "adagrad" }, 16],
    ["rmsprop", { type: "rmsprop" }, 16],
    ["ftrl", { type: "ftrl" }, 2 * 16],
    ["rowwise-adam, whose float a row stays float32", { type: "rowwise-adam" }, 16 + 4],
    ["rowwise-adagrad, which has no other", { type: "rowwise-adagrad" }, 4],
    ["tallygrad, which has none", { type: "tallygrad" }, 0],
  ])("counts the bytes of narrow state of %s exactly", (_name, optimizer, state) => {
    const of = (options: Partial<TableOptions>) =>
      new EmbeddingTable({ rows: n, dim: 7, optimizer, stateDtype: "bf16", ...options }).memory;
    expect(of({})).toMatchObject({ weights: 28 * n, state: state * n });
    expect(of({ dtype: "f16" })).toMatchObject({ weights: 16 * n, state: state * n });
  });

  describe("of rates that are kept for rows that miss steps", () => {
    const optimizer = { type: "sgd", lr: 1, momentum: 0.9, scope: "all" } as const;
    const changes = 1000;
    /** What so many steps add to `state`, and what is left of that after a flush. */
    function added(lrAt: (step: number) => number): { steps: number; flush: number } {
      using table = new EmbeddingTable({ rows: n, dim: 7, optimizer });
      const { state } = table.memory;
      for (let step = 1; step <= changes; step++) {
        table.lr = lrAt(step);
        table.update([], new Float32Array());
      }
      const steps = table.memory.state - state;
      table.flush();
      return { steps, flush: table.memory.state - state };
    }

    test("takes about 100 bytes for each change of the rate, until flush", () => {
      for (const lrAt of [(step: number) => 1 / step, (step: number) => step, (step: number) => 1 + (step % 2)]) {
        const { steps, flush } = added(lrAt);
        // Of each rate its step, itself and the map of its steps are kept, 48 bytes; vectors may have twice the room that they need.
        expect(steps).toBeGreaterThanOrEqual(48 * changes);
        expect(steps).toBeLessThanOrEqual(200 * changes);
        expect(flush).toBe(0);
      }
    });

    test("does not grow with steps of the same rate", () => {
      const { steps, flush } = added(() => 0.5);
      expect(steps).toBeGreaterThan(0);
      expect(steps).toBeLessThan(1000);
      expect(flush).toBe(0);
    });
  });

  test("has a scratch of 4 bytes a row and what the largest batch so far needed", () => {
    const scratchOf = (tableRows: number): number => {
      const table = new EmbeddingTable({ rows: tableRows, dim: 8, threads: 1, init: { type: "zeros" } });
      table.update(new Uint32Array(5000), new Float32Array(5000 * 8));
      const { scratch } = table.memory;
      table.update(new Uint32Array(10), new Float32Array(80));
      expect(table.memory.scratch).toBe(scratch);
      return scratch;
    };
    expect(scratchOf(1_000_000) - scratchOf(1000)).toBe(4 * (1_000_000 - 1000));
  });
});
