/** The bytes a table says it holds. */
import { describe, expect, test } from "vitest";
import type { TableOptions } from "../../index.js";
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
