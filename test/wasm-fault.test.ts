/**
 * Faults inside the WebAssembly kernel: a trap leaves its memory in a state that nobody knows, so none of its tables may go on. Traps are made
 * by an instance whose exports throw on demand what an engine throws.
 */
import { beforeEach, describe, expect, test } from "vitest";
import type { EmbeddingTable } from "../index.js";
import { freshFacade, withInstances } from "./support/fresh-facade.js";

const options = { rows: 20, dim: 4, optimizer: { type: "sgd", lr: 0.5 } } as const;
const ones = (length: number): Float32Array => new Float32Array(length).fill(1);

/** Every way into the kernel, and the export behind it. */
const ways: [name: string, door: string, call: (table: EmbeddingTable) => unknown][] = [
  ["update", "wasmtable_update", (table) => table.update([1], ones(4))],
  ["update, at the gradients", "wasmtable_inspect", (table) => table.update([1], ones(4))],
  ["update, on the way in", "stage_reserve", (table) => table.update([1], ones(4))],
  ["lookup", "wasmtable_lookup", (table) => table.lookup([1])],
  ["lookup, at the ids", "wasmtable_check", (table) => table.lookup([1])],
  ["setRows", "wasmtable_setRows", (table) => table.setRows([1], ones(4))],
  ["setRows, on the way out", "stage_shrink", (table) => table.setRows([1], ones(4))],
  ["resetRows", "wasmtable_resetRows", (table) => table.resetRows([1])],
  ["rates", "wasmtable_rates", (table) => table.rates([1])],
  ["tally", "wasmtable_tallies", (table) => table.tally(1)],
  ["tallies", "wasmtable_allTallies", (table) => table.tallies()],
  ["step", "wasmtable_step", (table) => table.step],
  ["lr", "wasmtable_lr", (table) => table.lr],
  ["setting lr", "wasmtable_setLr", (table) => Object.assign(table, { lr: 1 })],
  ["memory", "wasmtable_memory", (table) => table.memory],
  ["fingerprint", "wasmtable_fingerprint", (table) => table.fingerprint()],
  ["clone", "wasmtable_copy", (table) => table.clone()],
  ["a new table", "wasmtable_new", (table) => Reflect.construct(table.constructor, [options])],
];

describe("a trap", () => {
  /** The export that traps when it is called next. */
  let trapping: string | undefined;
  let Table: typeof EmbeddingTable;
  let table: EmbeddingTable;
  let other: EmbeddingTable;

  const trap = new WebAssembly.RuntimeError("unreachable");
  const poisoned = expect.objectContaining({ constructor: Error, code: "ERR_POISONED", cause: trap });

  /** The kernel's exports, of which the one that is asked for traps. */
  function trappable(exports: WebAssembly.Exports): WebAssembly.Exports {
    const entries = Object.entries(exports).map(([name, value]) => [
      name,
      typeof value !== "function"
        ? value
        : (...args: unknown[]) => {
            if (name === trapping) throw trap;
            return value(...args);
          },
    ]);
    return Object.fromEntries(entries);
  }

  beforeEach(async () => {
    trapping = undefined;
    Table = (await freshFacade()).EmbeddingTable;
    table = withInstances(trappable, () => new Table(options));
    other = new Table(options);
  });

  test.each(ways)("in %s poisons every table, and no call gets into the kernel any more", (_name, door, call) => {
    trapping = door;
    expect(() => call(table)).toThrow(poisoned);
    trapping = undefined;
    for (const [name, , later] of ways) {
      for (const one of [table, other]) expect(() => later(one), name).toThrow(poisoned);
    }
  });

  test("leaves what a table knows without its kernel, and it can be disposed", () => {
    trapping = "wasmtable_update";
    expect(() => table.update([1], ones(4))).toThrow(poisoned);
    expect([other.rows, other.dim, other.backend.kind]).toEqual([20, 4, "wasm"]);
    for (const one of [table, other]) {
      expect(() => one.dispose()).not.toThrow();
      expect(() => one.lookup([1])).toThrow(expect.objectContaining({ code: "ERR_DISPOSED" }));
    }
  });

  test("is not what a refusal is: after one, tables go on", () => {
    const refusals: [call: () => unknown, code: string][] = [
      [() => table.lookup([20]), "ERR_ID_OUT_OF_RANGE"],
      [() => table.update(Uint32Array.of(1, 20), ones(8)), "ERR_ID_OUT_OF_RANGE"],
      [() => table.update([1], ones(4).fill(Number.NaN)), "ERR_NON_FINITE"],
      [() => table.update([1], ones(5)), "ERR_WRONG_LENGTH"],
      [() => new Table({ ...options, rows: 2 ** 32 - 1 }), "ERR_OUT_OF_MEMORY"],
      [() => new Table({ ...options, optimizer: { type: "sgd", lr: -1 } }), "ERR_OPTION_VALUE"],
    ];
    for (const [call, code] of refusals) expect(call).toThrow(expect.objectContaining({ code }));
    table.update([1], ones(4));
    expect([table.step, other.step]).toEqual([1, 0]);
  });

  test("leaves tables of another instance of the package alone", async () => {
    const { EmbeddingTable } = await freshFacade();
    const elsewhere = new EmbeddingTable(options);
    trapping = "wasmtable_update";
    expect(() => table.update([1], ones(4))).toThrow(poisoned);
    elsewhere.update([1], ones(4));
    expect(elsewhere.step).toBe(1);
  });
});
