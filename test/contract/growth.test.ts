/** Growing: new rows are what they would have been from the start, and the others stay. */
import { describe, expect, test } from "vitest";
import type { TableOptions } from "../../index.js";
import { OracleTable } from "../oracle/oracle-table.js";
import { EmbeddingTable } from "./subject.js";
import { skewedBatch } from "./support/batches.js";
import { Random, seed } from "./support/random.js";
import { expectRefusedUnchanged } from "./support/refusals.js";
import { ruleCases } from "./support/rule-cases.js";

const [few, many, dim] = [11, 37, 5];

describe.each(ruleCases)("$name", ({ options }) => {
  test(`a table that grew goes on as one whose last rows were made new then (seed ${seed})`, () => {
    const own = options(few);
    const { optimizer } = own;
    const larger: TableOptions = { ...own, rows: many, dim };
    if (optimizer?.type === "fa-sgd") {
      const expectedCounts = new Float64Array(many);
      expectedCounts.set(optimizer.expectedCounts);
      const capped = { ...optimizer, maxLr: optimizer.maxLr ?? 0.3 };
      own.optimizer = capped;
      larger.optimizer = { ...capped, expectedCounts };
    }
    const table = new EmbeddingTable({ ...own, rows: few, dim });
    const oracle = new OracleTable(larger);
    const random = new Random(seed);
    const run = (rows: number): void => {
      for (let step = 0; step < 4; step += 1) {
        const { ids, gradients } = skewedBatch(random, rows, dim, 14);
        table.update(ids, gradients);
        oracle.update(ids, gradients);
      }
    };
    run(few);
    table.grow(many);
    oracle.resetRows(Uint32Array.from({ length: many - few }, (_, i) => few + i));
    expect(table.rows).toBe(many);
    expect(table.fingerprint()).toBe(oracle.fingerprint());
    run(many);
    expect(table.fingerprint()).toBe(oracle.fingerprint());
  });
});

test("to as many rows as there are it does nothing", () => {
  const table = new EmbeddingTable({ rows: few, dim });
  const before = table.fingerprint();
  table.grow(few);
  expect(table.fingerprint()).toBe(before);
});

test.each([
  [few - 1, "ERR_OPTION_VALUE", ["rows", "11", "10"]],
  [0, "ERR_OPTION_VALUE", ["rows", "0"]],
  [few + 0.5, "ERR_OPTION_VALUE", ["rows", "11.5"]],
  [2 ** 32, "ERR_OPTION_VALUE", ["rows", "4294967296"]],
  ["20", "ERR_OPTION_VALUE", ["rows", '"20"']],
  [undefined, "ERR_MISSING_OPTION", ["rows"]],
] as const)("to %s rows is refused", (rows, code, mentions) => {
  const table = new EmbeddingTable({ rows: few, dim });
  expectRefusedUnchanged(table, () => table.grow(rows as number), { code, mentions: [...mentions] });
  expect(table.rows).toBe(few);
});

test("to more rows than memory holds is refused, and leaves the table as it was", () => {
  const table = new EmbeddingTable({ rows: few, dim: 65_536, init: { type: "zeros" } });
  expectRefusedUnchanged(table, () => table.grow(2 ** 32 - 1), { code: "ERR_OUT_OF_MEMORY" });
  expect(table.rows).toBe(few);
  table.grow(few + 1);
  expect(table.lookup([few]).length).toBe(65_536);
});

test("with fa-sgd and no maxLr, new rows have no rate", () => {
  const expectedCounts = new Float64Array(few).fill(2);
  const table = new EmbeddingTable({ rows: few, dim, optimizer: { type: "fa-sgd", lr: 1, expectedCounts } });
  expectRefusedUnchanged(table, () => table.grow(many), { code: "ERR_OPTION_VALUE", mentions: ["maxLr"] });
});

test("memory is that of the larger table", () => {
  const table = new EmbeddingTable({ rows: few, dim, optimizer: { type: "adam" } });
  table.grow(many);
  const { weights, state, tallies } = new EmbeddingTable({ rows: many, dim, optimizer: { type: "adam" } }).memory;
  expect(table.memory).toMatchObject({ weights, state, tallies });
});
