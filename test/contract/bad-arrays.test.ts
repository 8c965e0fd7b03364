/** Gradients, values and `out` arrays that cannot be used: refused, with table and `out` unchanged. */
import { describe, expect, test } from "vitest";
import type { UpdateOptions } from "../../index.js";
import { EmbeddingTable } from "./subject.js";
import { hostileBuffers } from "./support/hostile-buffers.js";
import { expectRefusedUnchanged } from "./support/refusals.js";

const rows = 50;
const dim = 3;
const ids = Uint32Array.of(1, 2, 7);

function trained(): EmbeddingTable {
  const table = new EmbeddingTable({ rows, dim, paddingId: 5 });
  table.update([1, 2, 1], new Float32Array(3 * dim).fill(0.5));
  return table;
}

const writers = [
  {
    name: "update",
    argument: "gradients",
    call: (table: EmbeddingTable, floats: unknown) => table.update(ids, floats as Float32Array),
  },
  {
    name: "setRows",
    argument: "values",
    call: (table: EmbeddingTable, floats: unknown) => table.setRows(ids, floats as Float32Array),
  },
];

describe.each(writers)("$name", ({ argument, call }) => {
  test.each([0, 8, 10, 12, 1])("refuses %i floats where ids.length * dim is 9, and names both", (length) => {
    const table = trained();
    expectRefusedUnchanged(table, () => call(table, new Float32Array(length)), {
      code: "ERR_WRONG_LENGTH",
      mentions: [argument, length, 9],
    });
  });

  test.each<[name: string, floats: unknown, found: string]>([
    ["Float64Array", new Float64Array(9), "Float64Array"],
    ["plain array", new Array(9).fill(0), "Array"],
    ["Int32Array", new Int32Array(9), "Int32Array"],
    ["ArrayBuffer", new ArrayBuffer(36), "ArrayBuffer"],
    ["string", "123456789", "string"],
    ["null", null, "null"],
    ["nothing", undefined, "undefined"],
    ["object with Float32Array's prototype", Object.create(Float32Array.prototype), ""],
  ])("refuses another class: %s", (_name, floats, found) => {
    const table = trained();
    expectRefusedUnchanged(table, () => call(table, floats), {
      code: "ERR_WRONG_CLASS",
      mentions: found === "" ? [argument] : [argument, "Float32Array"],
    });
  });

  test.each(hostileBuffers)("refuses floats whose buffer is $name", ({ code, make }) => {
    const table = trained();
    expectRefusedUnchanged(table, () => call(table, make(Float32Array, 9)), { code, mentions: [argument] });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("refuses %f", (value) => {
    const table = trained();
    const floats = new Float32Array(9).fill(1);
    floats[7] = value;
    expectRefusedUnchanged(table, () => call(table, floats), { code: "ERR_NON_FINITE", mentions: [argument, value] });
  });

  test("is not led beyond the buffer by floats that lie about their length", () => {
    const table = trained();
    const floats = new Float32Array(3);
    Object.defineProperty(floats, "length", { value: 9 });
    const before = table.fingerprint();
    expect(() => call(table, floats)).toThrow();
    expect(table.fingerprint()).toBe(before);
  });
});

test("detached gradients are refused even when no ids ask for any", () => {
  const table = trained();
  const gradients = new Float32Array(3);
  structuredClone(gradients, { transfer: [gradients.buffer] });
  expectRefusedUnchanged(table, () => table.update([], gradients), { code: "ERR_DETACHED_BUFFER" });
});

describe("update's options", () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("refuse scale %f", (scale) => {
    const table = trained();
    expectRefusedUnchanged(table, () => table.update(ids, new Float32Array(9), { scale }), {
      code: "ERR_NON_FINITE",
      mentions: ["scale", scale],
    });
  });

  test.each<[name: string, scale: unknown]>([
    ["string", "2"],
    ["null", null],
    ["bigint", 2n],
  ])("refuse a scale that is not a number: %s", (_name, scale) => {
    const table = trained();
    expectRefusedUnchanged(table, () => table.update(ids, new Float32Array(9), { scale } as UpdateOptions), {
      code: ["ERR_WRONG_CLASS", "ERR_OPTION_VALUE", "ERR_NON_FINITE"],
      mentions: ["scale"],
    });
  });

  test("refuse an unknown name and suggest the nearest", () => {
    const table = trained();
    expectRefusedUnchanged(table, () => table.update(ids, new Float32Array(9), { scael: 2 } as UpdateOptions), {
      code: "ERR_UNKNOWN_OPTION",
      mentions: ["scael", "scale"],
    });
  });

  test("may be left out, empty or hold undefined", () => {
    const [first, second, third] = [trained(), trained(), trained()];
    const gradients = new Float32Array(9).fill(2);
    first.update(ids, gradients);
    second.update(ids, gradients, {});
    third.update(ids, gradients, { scale: undefined } as object);
    expect(second.fingerprint()).toBe(first.fingerprint());
    expect(third.fingerprint()).toBe(first.fingerprint());
  });
});

describe("setRows and the padding row", () => {
  test("do not go together, except for zeros", () => {
    const table = trained();
    expectRefusedUnchanged(table, () => table.setRows([1, 5], Float32Array.of(1, 1, 1, 0, 0.25, 0)), {
      code: "ERR_PADDING_ROW",
      mentions: ["values", 4, 0.25],
    });
    table.setRows([1, 5], Float32Array.of(1, 1, 1, 0, 0, 0));
    expect(table.lookup([5, 1])).toEqual(Float32Array.of(0, 0, 0, 1, 1, 1));
  });
});

const readers = [
  {
    name: "lookup",
    kind: Float32Array,
    other: Float64Array,
    length: 9,
    call: (table: EmbeddingTable, out: unknown) => table.lookup(ids, out as Float32Array),
  },
  {
    name: "rates",
    kind: Float32Array,
    other: Float64Array,
    length: 3,
    call: (table: EmbeddingTable, out: unknown) => table.rates(ids, out as Float32Array),
  },
  {
    name: "tallies",
    kind: Float64Array,
    other: Float32Array,
    length: 3,
    call: (table: EmbeddingTable, out: unknown) => table.tallies(ids, out as Float64Array),
  },
];

describe.each(readers)("out of $name", ({ kind, other, length, call }) => {
  test("is refused when it is too short", () => {
    const table = trained();
    expectRefusedUnchanged(table, () => call(table, new kind(length - 1)), {
      code: "ERR_WRONG_LENGTH",
      mentions: ["out", length - 1, length],
    });
  });

  test("is refused when it is of another class", () => {
    const table = trained();
    for (const out of [new other(length), new Array(length).fill(0), null, "out", Object.create(kind.prototype)]) {
      expectRefusedUnchanged(table, () => call(table, out), { code: "ERR_WRONG_CLASS", mentions: ["out"] });
    }
  });

  test.each(hostileBuffers)("is refused when its buffer is $name", ({ code, make }) => {
    const table = trained();
    expectRefusedUnchanged(table, () => call(table, make(kind, length)), {
      code,
      mentions: ["out"],
    });
  });

  test("is written from its start and returned; what is left over stays", () => {
    const table = trained();
    const out = new kind(length + 2).fill(-7);
    expect(call(table, out)).toBe(out);
    expect(out.subarray(0, length)).toEqual(call(table, undefined));
    expect([...out.subarray(length)]).toEqual([-7, -7]);
  });

  test("may be a view into the middle of a buffer", () => {
    const table = trained();
    const whole = new kind(length + 4).fill(-7);
    call(table, whole.subarray(2, length + 2));
    expect(whole.slice(2, length + 2)).toEqual(call(table, undefined));
    expect([...whole.slice(0, 2), ...whole.slice(-2)]).toEqual([-7, -7, -7, -7]);
  });
});

describe("out and ids in one buffer", () => {
  const overlapping = { code: "ERR_OVERLAPPING_ARRAYS", mentions: ["out", "ids"] } as const;

  test("are refused by lookup where they share bytes", () => {
    const table = trained();
    const buffer = new ArrayBuffer(64);
    const shared = new Uint32Array(buffer, 32, 2).fill(1);
    expectRefusedUnchanged(table, () => table.lookup(shared, new Float32Array(buffer, 0, 16)), overlapping);
    expectRefusedUnchanged(table, () => table.lookup(shared, new Float32Array(buffer, 36, 7)), overlapping);
    expect([...shared]).toEqual([1, 1]);
  });

  test("are refused by rates and tallies where they share bytes", () => {
    const table = trained();
    const buffer = new ArrayBuffer(64);
    const shared = new Int32Array(buffer, 0, 2);
    expectRefusedUnchanged(table, () => table.rates(shared, new Float32Array(buffer)), overlapping);
    expectRefusedUnchanged(table, () => table.tallies(shared, new Float64Array(buffer)), overlapping);
  });
});

test("a refused lookup leaves out as it was", () => {
  const table = trained();
  const out = new Float32Array(6).fill(-7);
  expect(() => table.lookup([1, rows], out)).toThrow();
  expect([...out]).toEqual([-7, -7, -7, -7, -7, -7]);
});
