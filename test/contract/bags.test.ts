/** Bags: pooled vectors against a plain loop over rows, and steps by pooled gradients against `update` with what each occurrence gets of them. */
import { describe, expect, test } from "vitest";
import type { PoolOptions, TableOptions } from "../../index.js";
import { at } from "../oracle/at.js";
import { dot } from "../oracle/sums.js";
import { EmbeddingTable } from "./subject.js";
import { gradientsFor, skewedBatch } from "./support/batches.js";
import { expectSameElements } from "./support/pair.js";
import { Random, seed } from "./support/random.js";

const { fround, sqrt } = Math;
const rows = 40;
const modes = ["sum", "mean", "sqrt-n", "max"] as const;
type Mode = (typeof modes)[number];

interface Bags {
  readonly ids: Uint32Array;
  readonly offsets: Uint32Array;
  readonly weights: Float32Array | undefined;
}

/** Bags of up to five ids, some of them empty, the first and the last among them. */
function bagsOf(random: Random, count: number, weighted: boolean): Bags {
  const sizes = Array.from({ length: count }, (_, bag) => (bag % (count - 1) === 0 ? 0 : random.below(6)));
  const offsets = new Uint32Array(count + 1);
  sizes.forEach((size, bag) => {
    offsets[bag + 1] = at(offsets, bag) + size;
  });
  const length = at(offsets, count);
  const { ids } = skewedBatch(random, rows, 1, length);
  return { ids, offsets, weights: weighted ? gradientsFor(random, length, 1) : undefined };
}

/** What occurrences of the padding row leave of a bag. */
function counting({ ids, offsets }: Bags, bag: number, paddingId: number | undefined): number[] {
  const positions = Array.from({ length: at(offsets, bag + 1) - at(offsets, bag) }, (_, i) => at(offsets, bag) + i);
  return positions.filter((position) => ids[position] !== paddingId);
}

function divisorOf(mode: Mode, count: number): number {
  if (mode === "mean") return count;
  return mode === "sqrt-n" ? fround(sqrt(count)) : 1;
}

/** Which of a bag's positions an element's maximum comes from. */
function largest(positions: readonly number[], element: (position: number) => number): number | undefined {
  return positions.reduce<number | undefined>(
    (best, position) => (best === undefined || element(position) > element(best) ? position : best),
    undefined,
  );
}

function pooled(table: EmbeddingTable, bags: Bags, mode: Mode, paddingId?: number): Float32Array {
  const { dim } = table;
  const vectors = table.lookup(bags.ids);
  const out = new Float32Array((bags.offsets.length - 1) * dim);
  for (let element = 0; element < out.length; element++) {
    const positions = counting(bags, Math.floor(element / dim), paddingId);
    const value = (position: number): number => at(vectors, position * dim + (element % dim));
    if (mode === "max") {
      const position = largest(positions, value);
      out[element] = position === undefined ? 0 : value(position);
      continue;
    }
    const terms = positions.map((position) => fround(value(position) * (bags.weights?.[position] ?? 1)));
    const sum = terms.reduce((total, term, i) => (i === 0 ? term : fround(total + term)), 0);
    out[element] = terms.length === 0 ? 0 : fround(sum / divisorOf(mode, terms.length));
  }
  return out;
}

/** The gradient of each occurrence. */
function expanded(
  table: EmbeddingTable,
  bags: Bags,
  gradients: Float32Array,
  mode: Mode,
  paddingId?: number,
): Float32Array {
  const { dim } = table;
  const vectors = table.lookup(bags.ids);
  const out = new Float32Array(bags.ids.length * dim);
  gradients.forEach((gradient, element) => {
    const positions = counting(bags, Math.floor(element / dim), paddingId);
    const d = element % dim;
    if (mode === "max") {
      const position = largest(positions, (position) => at(vectors, position * dim + d));
      if (position !== undefined) out[position * dim + d] = gradient;
      return;
    }
    for (const position of positions) {
      const weighted = fround(gradient * (bags.weights?.[position] ?? 1));
      out[position * dim + d] = fround(weighted / divisorOf(mode, positions.length));
    }
  });
  return out;
}

const cases = modes.flatMap((mode) =>
  (mode === "max" ? [false] : [false, true]).map((weighted) => ({
    mode,
    weighted,
    name: weighted ? "weighted" : "plain",
  })),
);
const tables: [string, Partial<TableOptions>][] = [
  ["float32", {}],
  ["a padding row", { paddingId: 0 }],
  ["bf16 and scope all", { dtype: "bf16", optimizer: { type: "sgd", lr: 0.1, momentum: 0.9, scope: "all" } }],
];

describe.each(tables)("with %s", (_, more) => {
  describe.each([1, 8, 13])("and dim %i", (dim) => {
    test.each(cases)(
      `$name $mode: pooled vectors, steps and gradients of weights are those of a plain loop (seed ${seed})`,
      ({ mode, weighted }) => {
        const random = new Random(seed + dim);
        const init = gradientsFor(random, rows, dim);
        // Equal elements, so that "of equals the first" matters.
        for (let row = 1; row < rows; row += 3) init.copyWithin(row * dim, (row - 1) * dim, row * dim);
        const table = new EmbeddingTable({ rows, dim, init, ...more });
        const reference = table.clone();
        for (let step = 0; step < 4; step++) {
          const bags = bagsOf(random, 12, weighted);
          const { ids, offsets, weights } = bags;
          const options: PoolOptions = weights === undefined ? { mode } : { mode, weights };
          expectSameElements(
            "pooled",
            table.pool(ids, offsets, options),
            pooled(reference, bags, mode, more.paddingId),
          );

          const gradients = gradientsFor(random, 12, dim);
          const weightGradients = new Float32Array(ids.length);
          const vectors = reference.lookup(ids);
          const scale = step + 1;
          table.updatePool(ids, offsets, gradients, { ...options, scale, weightGradients });
          reference.update(ids, expanded(reference, bags, gradients, mode, more.paddingId), { scale });
          expect(table.fingerprint()).toBe(reference.fingerprint());

          const expected = new Float32Array(ids.length);
          for (let bag = 0; bag < 12; bag++) {
            const positions = counting(bags, bag, more.paddingId);
            for (const position of positions) {
              const [row, gradient] = [vectors.subarray(position * dim), gradients.subarray(bag * dim)];
              const product = dot(row.subarray(0, dim), gradient.subarray(0, dim));
              expected[position] = fround(product / divisorOf(mode, positions.length));
            }
          }
          expectSameElements("weight gradient", weightGradients, expected);
        }
      },
    );
  });
});

test("Bags large enough for several threads have the bits of one", () => {
  const random = new Random(seed);
  const [count, dim] = [9000, 64];
  const offsets = Uint32Array.from({ length: count / 3 + 1 }, (_, bag) => 3 * bag);
  const { ids, gradients } = skewedBatch(random, 2000, dim, count);
  for (const mode of modes) {
    const one = new EmbeddingTable({ rows: 2000, dim, threads: 1 });
    const two = new EmbeddingTable({ rows: 2000, dim, threads: 2 });
    expectSameElements("pooled", two.pool(ids, offsets, { mode }), one.pool(ids, offsets, { mode }));
    for (const table of [one, two]) table.updatePool(ids, offsets, gradients.subarray(0, (count / 3) * dim), { mode });
    expect(two.fingerprint()).toBe(one.fingerprint());
  }
});

describe("what is refused", () => {
  const table = new EmbeddingTable({ rows, dim: 2 });
  const gradients = new Float32Array(4);
  const refused: [string, () => unknown, string, RegExp][] = [
    ["no offsets", () => table.pool([1], []), "ERR_OFFSETS", /offsets must have one entry more/],
    ["a first offset", () => table.pool([1, 2], [1, 2]), "ERR_OFFSETS", /offsets\[0\] must be 0, but is 1/],
    [
      "falling offsets",
      () => table.pool([1, 2], [0, 2, 1, 2]),
      "ERR_OFFSETS",
      /offsets\[2\] must be at least 2 .*is 1/,
    ],
    ["a last offset", () => table.pool([1, 2], [0, 3]), "ERR_OFFSETS", /offsets\[1\] must be ids.length = 2, but is 3/],
    ["a fraction", () => table.pool([1], [0, 0.5, 1]), "ERR_OFFSETS", /offsets\[1\] must be an integer .*is 0\.5/],
    ["a negative one", () => table.pool([1], Int32Array.of(0, -1, 1)), "ERR_OFFSETS", /offsets\[1\] .*is -1/],
    ["offsets of a class", () => table.pool([1], new Float32Array(2) as never), "ERR_WRONG_CLASS", /offsets/],
    ["a mode", () => table.pool([1], [0, 1], { mode: "avg" as never }), "ERR_OPTION_VALUE", /mode .*"avg"/],
    [
      "an option",
      () => table.pool([1], [0, 1], { mod: "sum" } as never),
      "ERR_UNKNOWN_OPTION",
      /mod .*did you mean mode/,
    ],
    ["scale in pool", () => table.pool([1], [0, 1], { scale: 2 } as never), "ERR_UNKNOWN_OPTION", /scale/],
    [
      "weights with max",
      () => table.pool([1], [0, 1], { mode: "max", weights: new Float32Array(1) }),
      "ERR_OPTION_CONFLICT",
      /weights .*max/,
    ],
    [
      "short weights",
      () => table.pool([1], [0, 1], { weights: new Float32Array() }),
      "ERR_WRONG_LENGTH",
      /weights .*1 .*0/,
    ],
    [
      "a weight",
      () => table.pool([1, 2], [0, 2], { weights: Float32Array.of(1, Number.NaN) }),
      "ERR_NON_FINITE",
      /weights\[1\] is NaN/,
    ],
    ["an id", () => table.pool([1, rows], [0, 2]), "ERR_ID_OUT_OF_RANGE", /ids\[1\] is 40/],
    ["a short out", () => table.pool([1], [0, 1], {}, new Float32Array(1)), "ERR_WRONG_LENGTH", /out .*2 .*1/],
    [
      "short gradients",
      () => table.updatePool([1], [0, 1, 1], new Float32Array(2)),
      "ERR_WRONG_LENGTH",
      /gradients .*4.*2/,
    ],
    [
      "a gradient, which is named by its place among those of bags",
      () => table.updatePool([1, 2, 3], [0, 2, 3], Float32Array.of(1, 1, 1, Number.NaN)),
      "ERR_NON_FINITE",
      /gradients\[3\] is NaN/,
    ],
    [
      "gradients of weights over gradients",
      () => table.updatePool([1], [0, 1, 1], gradients, { weightGradients: gradients.subarray(2) }),
      "ERR_OVERLAPPING_ARRAYS",
      /weightGradients shares bytes with gradients/,
    ],
  ];

  test.each(refused)("%s", (_, call, code, message) => {
    const before = table.fingerprint();
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
    expect(table.fingerprint()).toBe(before);
  });

  test("leaves the gradients of weights alone", () => {
    const weightGradients = new Float32Array(2).fill(7);
    const call = () => table.updatePool([1, 2], [0, 2], Float32Array.of(Number.NaN, 1), { weightGradients });
    expect(call).toThrow(expect.objectContaining({ code: "ERR_NON_FINITE" }));
    expect(weightGradients).toEqual(new Float32Array(2).fill(7));
  });
});

test("A gradient for an empty bag goes nowhere, whatever it is", () => {
  const table = new EmbeddingTable({ rows, dim: 2 });
  const before = table.lookup([1]);
  table.updatePool([1], [0, 1, 1], Float32Array.of(0, 0, Number.NaN, Number.POSITIVE_INFINITY));
  expect(table.lookup([1])).toEqual(before);
});
