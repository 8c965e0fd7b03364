/** split and select: every example once, in columns of the same kind, and what is refused. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Examples } from "../../../models.js";
import { select, split } from "../../../src/models/data/index.js";
import { listsOf } from "./support.js";

const examples: Examples = {
  columns: {
    id: Uint32Array.of(10, 11, 12),
    signed: Int32Array.of(1, 2, 3),
    price: Float64Array.of(0.1, 0.2, 0.3),
    user: ["ann", "bob", "cy"],
    tags: { values: ["x", "y", "z"], offsets: [0, 2, 2, 3], weights: Float32Array.of(1, 2, 3) },
  },
  labels: Uint8Array.of(1, 0, 1),
  weights: Float32Array.of(0.5, 1, 2),
};

describe("select", () => {
  test("takes examples in order, and columns as they are", () => {
    expect(select(examples, Uint32Array.of(2, 0, 2, 1))).toEqual({
      columns: {
        id: Uint32Array.of(12, 10, 12, 11),
        signed: Int32Array.of(3, 1, 3, 2),
        price: Float64Array.of(0.3, 0.1, 0.3, 0.2),
        user: ["cy", "ann", "cy", "bob"],
        tags: {
          values: ["z", "x", "y", "z"],
          offsets: Uint32Array.of(0, 1, 3, 4, 4),
          weights: Float32Array.of(3, 1, 2, 3),
        },
      },
      labels: Uint8Array.of(1, 1, 1, 0),
      weights: Float32Array.of(2, 0.5, 2, 1),
    });
  });

  test("may take none", () => {
    const { columns, labels } = select(examples, new Uint32Array());
    expect(labels).toHaveLength(0);
    expect(listsOf(columns.tags)).toEqual([]);
    expect(columns.user).toEqual([]);
  });

  test.each<[what: string, call: () => unknown, code: string, says: string]>([
    [
      "a position beyond",
      () => select(examples, Uint32Array.of(0, 3)),
      "ERR_ID_OUT_OF_RANGE",
      "positions[1] is 3, but there are 3 ex",
    ],
    ["plain positions", () => select(examples, [0] as never), "ERR_WRONG_CLASS", "positions must be a Uint32Array"],
    [
      "no examples",
      () => select(undefined as never, Uint32Array.of()),
      "ERR_WRONG_CLASS",
      "examples must be an object",
    ],
    [
      "a short column",
      () => select({ columns: { user: ["a"] }, labels: [1, 0] }, Uint32Array.of()),
      "ERR_WRONG_LENGTH",
      "columns.user must have 2 elements, one a label, but has 1",
    ],
    [
      "too few weights",
      () => select({ columns: {}, labels: [1, 0], weights: Float32Array.of(1) }, Uint32Array.of()),
      "ERR_WRONG_LENGTH",
      "weights must have 2",
    ],
    ...[
      [[0, 1], "must have 3 elements, but has 2"],
      [[1, 1, 2], "must begin with 0 and not fall, but [0] is 1"],
      [[0, 2, 1], "[2] is 1"],
      [[0, 1, 1.5], "[2] is 1.5"],
      [[0, 1, 1], "must end with 2, but end with 1"],
    ].map(([offsets, says]): [string, () => unknown, string, string] => [
      `offsets ${offsets}`,
      () =>
        select(
          { columns: { b: { values: ["x", "y"], offsets: offsets as number[] } }, labels: [1, 0] },
          Uint32Array.of(),
        ),
      "ERR_OFFSETS",
      `columns.b.offsets ${says}`,
    ]),
  ])("refuses %s", (_, call, code, says) => {
    expect(call).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(says.replace("columns.b.offsets [", "[")) }),
    );
  });
});

describe("split", () => {
  const many = (count: number): Examples => ({
    columns: { id: Uint32Array.from({ length: count }, (_, i) => i) },
    labels: new Uint8Array(count),
  });
  const idsOf = (part: Examples): number[] => listsOf(part.columns.id).map(([id]) => id as number);

  test("puts every example into one part, none more than one away from its share", () => {
    const shares = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(shares, fc.nat(200), fc.maxSafeNat(), (parts, count, seed) => {
        const sum = parts.reduce((a, b) => a + b);
        const list = split(
          many(count),
          parts.map((part) => part / sum),
          seed,
        );
        const sizes = list.map(({ labels }) => labels.length);
        for (const [i, part] of parts.entries()) {
          expect(Math.abs((sizes[i] ?? 0) - (part / sum) * count)).toBeLessThanOrEqual(1 + 1e-6);
        }
        expect(list.flatMap(idsOf).sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      }),
    );
  });

  test("draws by the seed", () => {
    const [first, again, other] = [1, 1, 2].map((seed) => split(many(100), [0.8, 0.1, 0.1], seed).map(idsOf));
    expect(first?.map(({ length }) => length)).toEqual([80, 10, 10]);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    expect(split(many(100), [1]).map(idsOf)).toEqual(split(many(100), [1], 0).map(idsOf));
    // Seeds that differ beyond 32 bits are others, too.
    expect(split(many(100), [1], 2 ** 40 + 1).map(idsOf)).not.toEqual(split(many(100), [1], 1).map(idsOf));
  });

  test("draws every example about as often", () => {
    // 4,000 draws of 3 out of 10: each 1,200 times, with a standard deviation of 29.
    const drawn = new Uint32Array(10);
    for (let seed = 0; seed < 4000; seed++) {
      for (const id of idsOf(split(many(10), [0.3, 0.7], seed)[0] as Examples)) drawn[id] = (drawn[id] ?? 0) + 1;
    }
    for (const times of drawn) expect(Math.abs(times - 1200)).toBeLessThan(145);
  });

  test.each<[what: string, shares: unknown, seed: unknown, code: string, says: string]>([
    ["shares of another sum", [0.8, 0.1], 0, "ERR_OPTION_VALUE", "shares must sum to 1, but sum to 0.9"],
    ["no shares", [], 0, "ERR_OPTION_VALUE", "sum to 0"],
    ["a share below 0", [1.5, -0.5], 0, "ERR_OPTION_VALUE", "shares[0] must be a number from 0 to 1, but is 1.5"],
    ["a share that is a word", ["1"], 0, "ERR_OPTION_VALUE", 'is "1"'],
    ["a number for shares", 0.8, 0, "ERR_WRONG_CLASS", "shares must be an array, but is 0.8"],
    ["a seed with a fraction", [1], 0.5, "ERR_OPTION_VALUE", "seed must be an integer"],
  ])("refuses %s", (_, shares, seed, code, says) => {
    expect(() => split(examples, shares as number[], seed as number)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(says) }),
    );
  });
});
