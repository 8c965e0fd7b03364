/** WebAssembly memory: it does not grow with the number of tables that were, it has a ceiling, and no array of a user's lies in it. */
import { describe, expect, test } from "vitest";
import type { EmbeddingTable, TableOptions } from "../index.js";
import { runChild } from "./process/support/child.js";
import { freshFacade, withInstances } from "./support/fresh-facade.js";

test("1,000 tables of 1 MiB leave it as large as 100 do, disposed of or left to the garbage collector", async () => {
  const result = await runChild("wasm-growth", { nodeOptions: ["--expose-gc"] });
  expect(result).toMatchObject({ code: 0, stderr: "", printed: { disposed: 0 } });
  // The collector decides when; ten tables more or fewer are alive at a time.
  expect(result.printed.abandoned).toBeLessThan(32 << 20);
}, 40_000);

describe("at the ceiling", () => {
  const refusedFor = (bytes: number, all: string): object => ({
    code: "ERR_OUT_OF_MEMORY",
    message: expect.stringMatching(
      new RegExp(`: ${bytes} bytes .*WebAssembly memory is ${all} bytes now, 4294967296 at most`),
    ),
  });

  test("tables and batches are refused with what they asked for and what there is, the rest goes on, and room given back is used", async () => {
    const { code, stderr, printed } = await runChild("wasm-ceiling");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { bytes, made, ...rest } = printed as { bytes: number; made: number };
    expect(bytes).toBeGreaterThan(2 ** 32 - (20 << 20));
    // 200 MiB were left for tables of 17 MiB.
    expect(made).toBeGreaterThan(8);
    const rows = 2 ** 18;
    expect(rest).toEqual({
      tooLarge: refusedFor(rows * 2049 * 4, "\\d{7}"),
      refused: refusedFor(rows * 16 * 4, `${bytes}`),
      again: refusedFor(rows * 16 * 4, `${bytes}`),
      batch: refusedFor(3e7 * 8, `${bytes}`),
      kept: true,
      stepped: 0,
      step: 1,
      fits: true,
    });
  }, 40_000);
});

describe("an array that a method gives", () => {
  const options: TableOptions = { rows: 30, dim: 5, optimizer: { type: "adam" }, tally: { halfLife: 3 } };
  const ids = Uint32Array.of(3, 1, 4, 1);
  const floats = (): Float32Array => new Float32Array(ids.length * 5).fill(0.5);

  /** Every member, called with arrays of every kind it takes. */
  const members: Record<Exclude<keyof EmbeddingTable, symbol>, (table: EmbeddingTable) => unknown[]> = {
    rows: (table) => [table.rows],
    dim: (table) => [table.dim],
    step: (table) => [table.step],
    lr: (table) => [table.lr],
    backend: (table) => [table.backend],
    memory: (table) => [table.memory],
    lookup: (table) => [table.lookup(ids), table.lookup([2]), table.lookup(ids, floats())],
    update: (table) => [table.update(ids, floats())],
    pool: (table) => [table.pool(ids, [0, 1, 4]), table.pool(ids, [0, 4], { mode: "max" }, floats())],
    updatePool: (table) => {
      const weightGradients = new Float32Array(4);
      return [table.updatePool(ids, [0, 4], new Float32Array(5), { weightGradients }), weightGradients];
    },
    hottest: (table) => [table.hottest(3)],
    coldest: (table) => [table.coldest(3)],
    tallyHistogram: (table) => [table.tallyHistogram()],
    setRows: (table) => [table.setRows(ids, floats())],
    resetRows: (table) => [table.resetRows([2])],
    tally: (table) => [table.tally(1)],
    tallies: (table) => [table.tallies(), table.tallies(ids), table.tallies(ids, new Float64Array(9))],
    rates: (table) => [table.rates(ids), table.rates(ids, floats())],
    flush: (table) => [table.flush()],
    fingerprint: (table) => [table.fingerprint()],
    grow: (table) => [table.clone().grow(40)],
    save: (table) => [table.clone().save()],
    clone: (table) => [table.clone().lookup(ids)],
    dispose: (table) => [table.clone().dispose()],
  };

  const kinds = ["Float32Array", "Float64Array", "Uint32Array"];
  const isArray = (value: unknown): value is Float32Array | Float64Array | Uint32Array =>
    ArrayBuffer.isView(value) && kinds.includes(value.constructor.name);

  test("lies in a buffer of its own, which outlives the growth of the memory", async () => {
    const { EmbeddingTable } = await freshFacade();
    let memory = new WebAssembly.Memory({ initial: 0 });
    const table = withInstances(
      (exports) => {
        memory = exports.memory as WebAssembly.Memory;
        return exports;
      },
      () => new EmbeddingTable(options),
    );
    table.update(ids, floats());
    const names = Object.getOwnPropertyNames(EmbeddingTable.prototype).filter((name) => name !== "constructor");
    expect(Object.keys(members).sort()).toEqual(names.sort());

    const given = Object.values(members)
      .flatMap((call) => call(table))
      .filter(isArray);
    expect(given).toHaveLength(14);
    const contents = given.map((array) => Array.from(array));
    for (const array of given) {
      expect(array.buffer).not.toBe(memory.buffer);
      expect(array.buffer.byteLength).toBe(array.byteLength);
    }

    const before = memory.buffer;
    new EmbeddingTable({ rows: 1 << 16, dim: 64 });
    expect(memory.buffer).not.toBe(before);
    expect(given.map((array) => Array.from(array))).toEqual(contents);
    for (const array of Object.values(members)
      .flatMap((call) => call(table))
      .filter(isArray)) {
      expect(array.buffer).not.toBe(memory.buffer);
    }
  });
});
