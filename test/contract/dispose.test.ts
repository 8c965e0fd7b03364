/** A table's end: nothing but `dispose` and what never changes answers afterwards. */
import { describe, expect, test } from "vitest";
import { at } from "../oracle/at.js";
import { EmbeddingTable } from "./subject.js";
import { expectRefusal } from "./support/refusals.js";

const rows = 30;
const dim = 5;

function trained(): EmbeddingTable {
  const table = new EmbeddingTable({ rows, dim });
  table.update([1, 2, 1], new Float32Array(3 * dim).fill(0.5));
  return table;
}

describe("dispose", () => {
  const calls: [name: string, call: (table: EmbeddingTable) => unknown][] = [
    ["step", (table) => table.step],
    ["lr", (table) => table.lr],
    [
      "lr, set",
      (table) => {
        table.lr = 1;
      },
    ],
    ["memory", (table) => table.memory],
    ["lookup", (table) => table.lookup([1])],
    ["lookup of nothing", (table) => table.lookup([])],
    ["update", (table) => table.update([1], new Float32Array(dim))],
    ["setRows", (table) => table.setRows([1], new Float32Array(dim))],
    ["resetRows", (table) => table.resetRows([1])],
    ["tally", (table) => table.tally(1)],
    ["tallies", (table) => table.tallies()],
    ["rates", (table) => table.rates([1])],
    ["flush", (table) => table.flush()],
    ["fingerprint", (table) => table.fingerprint()],
    ["clone", (table) => table.clone()],
  ];

  test.each(calls)("ends %s", (_name, call) => {
    const table = trained();
    table.dispose();
    expectRefusal(() => call(table), { code: "ERR_DISPOSED" });
  });

  test("leaves what never changes readable", () => {
    const table = trained();
    const { backend } = table;
    table.dispose();
    expect({ rows: table.rows, dim: table.dim, backend: table.backend }).toEqual({ rows, dim, backend });
  });

  test("may be called again", () => {
    const table = trained();
    table.dispose();
    table.dispose();
    table[Symbol.dispose]();
    expectRefusal(() => table.step, { code: "ERR_DISPOSED" });
  });

  test("is what the end of a using block calls", () => {
    const kept: EmbeddingTable[] = [];
    {
      using table = trained();
      kept.push(table);
      expect(table.step).toBe(1);
    }
    expectRefusal(() => at(kept, 0).step, { code: "ERR_DISPOSED" });
  });
});
