/** Ids that no row answers to, and things that are not ids: refused by every method that takes ids, with nothing changed. */
import { describe, expect, test } from "vitest";
import type { Ids } from "../../index.js";
import { EmbeddingTable } from "./subject.js";
import { hostileBuffers } from "./support/hostile-buffers.js";
import { idMethods } from "./support/methods.js";
import { expectRefusal, expectRefusedUnchanged } from "./support/refusals.js";

const rows = 50;
const dim = 3;

/** Node's Buffer, or where there is none what it is: a class of bytes that extends the engine's. */
const Bytes: { of(...bytes: number[]): Uint8Array } = globalThis.Buffer ?? class Buffer extends Uint8Array {};

function trained(): EmbeddingTable {
  const table = new EmbeddingTable({ rows, dim, threads: 2 });
  table.update([1, 2, 1], new Float32Array(3 * dim).fill(0.5));
  return table;
}

const outside: [name: string, ids: Ids, position: number, value: string][] = [
  ["Uint32Array, rows", Uint32Array.of(1, 2, 3, 4, 5, 6, 7, rows, 9), 7, "50"],
  ["Uint32Array, the largest", Uint32Array.of(1, 2, 3, 2 ** 32 - 1), 3, "4294967295"],
  ["Uint32Array, first of all", Uint32Array.of(77), 0, "77"],
  ["Int32Array, negative", Int32Array.of(1, 2, 3, 4, -5), 4, "-5"],
  ["Int32Array, the smallest", Int32Array.of(1, -(2 ** 31)), 1, "-2147483648"],
  ["Int32Array, rows", Int32Array.of(1, 2, 3, rows), 3, "50"],
  ["array, rows", [1, 2, 3, rows], 3, "50"],
  ["array, negative", [1, 2, 3, -1], 3, "-1"],
  ["array, fractional", [1, 2, 3, 4.5], 3, "4.5"],
  ["array, a little below 0", [1, 2, -0.25], 2, "-0.25"],
  ["array, NaN", [1, 2, 3, Number.NaN], 3, "NaN"],
  ["array, Infinity", [1, 2, 3, Number.POSITIVE_INFINITY], 3, "Infinity"],
  ["array, 2^32, which wraps to 0", [1, 2, 3, 2 ** 32], 3, "4294967296"],
  ["array, 2^32 + 1, which wraps to 1", [1, 2, 3, 2 ** 32 + 1], 3, "4294967297"],
  ["array, -2^32, which wraps to 0", [1, 2, 3, -(2 ** 32)], 3, "-4294967296"],
];

describe.each(idMethods)("$name", ({ call }) => {
  test.each(outside)("refuses an id out of range and names its position: %s", (_name, ids, position, value) => {
    const table = trained();
    expectRefusedUnchanged(table, () => call(table, ids), {
      code: "ERR_ID_OUT_OF_RANGE",
      mentions: ["ids", position, value],
    });
  });

  test("names the first of several bad ids", () => {
    const table = trained();
    expectRefusedUnchanged(table, () => call(table, [1, 2, 3, 90, 4, 91]), {
      code: "ERR_ID_OUT_OF_RANGE",
      mentions: [3, 90],
    });
  });

  test("finds a bad id at the end of a batch that threads share", () => {
    const table = new EmbeddingTable({ rows, dim: 64, threads: 4 });
    const ids = new Uint32Array(20_000);
    ids[19_999] = rows;
    expectRefusedUnchanged(table, () => call(table, ids), {
      code: "ERR_ID_OUT_OF_RANGE",
      mentions: ["ids", 19_999, rows],
    });
  });

  test.each<[name: string, element: unknown]>([
    ["a string", "1"],
    ["null", null],
    ["undefined", undefined],
    ["a bigint", 1n],
    ["a boolean", true],
    ["an array", [1]],
  ])("refuses a plain array that holds %s", (_name, element) => {
    const table = trained();
    expectRefusedUnchanged(table, () => call(table, [1, 2, 3, element]), {
      code: ["ERR_ID_OUT_OF_RANGE", "ERR_WRONG_CLASS"],
      mentions: ["ids", 3],
    });
  });

  test("refuses a plain array with a hole", () => {
    const table = trained();
    const ids: number[] = [1, 2];
    ids[4] = 1;
    expectRefusedUnchanged(table, () => call(table, ids), {
      code: ["ERR_ID_OUT_OF_RANGE", "ERR_WRONG_CLASS"],
      mentions: ["ids", 2],
    });
  });

  test.each<[name: string, ids: unknown, found: string]>([
    ["Float32Array", Float32Array.of(1, 2), "Float32Array"],
    ["Float64Array", Float64Array.of(1, 2), "Float64Array"],
    ["BigInt64Array", BigInt64Array.of(1n, 2n), "BigInt64Array"],
    ["Uint8Array", Uint8Array.of(1, 2), "Uint8Array"],
    ["Uint16Array", Uint16Array.of(1, 2), "Uint16Array"],
    ["Buffer", Bytes.of(1, 2), ""],
    ["DataView", new DataView(new ArrayBuffer(8)), "DataView"],
    ["ArrayBuffer", new ArrayBuffer(8), "ArrayBuffer"],
    ["string", "12", "12"],
    ["number", 1, "1"],
    ["null", null, "null"],
    ["Set", new Set([1]), "Set"],
    ["object with a length", { length: 1, 0: 1 }, ""],
    ["object with Uint32Array's prototype", Object.create(Uint32Array.prototype), ""],
  ])("refuses ids of another class: %s", (_name, ids, found) => {
    const table = trained();
    expectRefusedUnchanged(table, () => call(table, ids), {
      code: "ERR_WRONG_CLASS",
      mentions: found === "" ? ["ids"] : ["ids", found],
    });
  });

  test.each(hostileBuffers)("refuses ids whose buffer is $name", ({ code, make }) => {
    const table = trained();
    for (const kind of [Uint32Array, Int32Array]) {
      expectRefusedUnchanged(table, () => call(table, make(kind, 4)), { code, mentions: ["ids"] });
    }
  });

  test("is not led beyond the buffer by ids that lie about their length", () => {
    const table = trained();
    const ids = Uint32Array.of(1, 2);
    Object.defineProperty(ids, "length", { value: 1_000_000 });
    const before = table.fingerprint();
    try {
      call(table, ids);
    } catch {
      expect(table.fingerprint()).toBe(before);
    }
    expect(table.lookup([3])).toHaveLength(dim);
  });
});

describe.each(idMethods.filter(({ name }) => name !== "tallies"))("$name", ({ call }) => {
  test("refuses ids left out", () => {
    const table = trained();
    expectRefusedUnchanged(table, () => call(table, undefined), { code: "ERR_WRONG_CLASS", mentions: ["ids"] });
  });
});

describe("tally", () => {
  test.each([-1, rows, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32])("refuses id %f", (id) => {
    const table = trained();
    expectRefusedUnchanged(table, () => table.tally(id), { code: "ERR_ID_OUT_OF_RANGE", mentions: ["id", id] });
  });

  test.each<[name: string, id: unknown]>([
    ["a string", "1"],
    ["null", null],
    ["undefined", undefined],
    ["a bigint", 1n],
  ])("refuses %s", (_name, id) => {
    const table = trained();
    expectRefusal(() => table.tally(id as number), {
      code: ["ERR_ID_OUT_OF_RANGE", "ERR_WRONG_CLASS"],
      mentions: ["id"],
    });
  });
});

test("the last id of a table is fine, and the padding id is one of its ids", () => {
  const table = new EmbeddingTable({ rows, dim, paddingId: 4 });
  for (const { call } of idMethods.filter(({ name }) => name !== "setRows" && name !== "resetRows")) {
    call(table, [rows - 1, 4]);
  }
  expect(table.tally(rows - 1)).toBe(1);
  expect(table.tally(4)).toBe(0);
});
