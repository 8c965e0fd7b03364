/** What gradients that are not finite do in each of the three modes. */
import { describe, expect, test } from "vitest";
import type { Optimizer, TableOptions } from "../../index.js";
import { EmbeddingTable } from "./subject.js";
import { skewedBatch } from "./support/batches.js";
import { Pair } from "./support/pair.js";
import { Random, seed } from "./support/random.js";
import { expectRefusedUnchanged } from "./support/refusals.js";

const rows = 10;
const dim = 9;
const notFinite = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
/** Finite itself; twice this is not, and neither is its square. */
const huge = 3e38;

const plain: Optimizer[] = [
  { type: "sgd", lr: 0.1 },
  { type: "fa-sgd", lr: 0.1, expectedCounts: new Array<number>(rows).fill(3) },
  { type: "cf-sgd", lr: 0.1 },
  { type: "sgd", lr: 0.1, momentum: 0.9, scope: "all" },
];
const squaring: Optimizer[] = [
  { type: "tallygrad" },
  { type: "cf-sgd", lr: 0.1, normalize: true },
  { type: "adagrad" },
  { type: "rowwise-adagrad" },
  { type: "adam" },
  { type: "adamw", scope: "all" },
  { type: "rowwise-adam" },
  { type: "rmsprop" },
  { type: "ftrl" },
];
const all = [...plain, ...squaring];

function nameOf(optimizer: Optimizer): string {
  const extras = ["normalize", "momentum"].filter((option) => option in optimizer);
  return [optimizer.type, ...extras].join(" with ");
}

/** A table that has already taken a step. */
function pairOf(optimizer: Optimizer, more: Partial<TableOptions>): Pair {
  const pair = Pair.of({ rows, dim, optimizer, ...more });
  pair.update(skewedBatch(new Random(seed), rows, dim, 30));
  return pair;
}

/** A copy after a step that no row was in the batch of: what a row is that was skipped, also where steps move such rows. */
function withoutBatch(table: EmbeddingTable): EmbeddingTable {
  const copy = table.clone();
  copy.update([], new Float32Array());
  return copy;
}

/** Gradients of ones for `count` occurrences, except for the given elements. */
function gradientsWith(count: number, special: Record<number, number>): Float32Array {
  const gradients = new Float32Array(count * dim).fill(1);
  for (const [position, value] of Object.entries(special)) {
    gradients[Number(position)] = value;
  }
  return gradients;
}

describe.each(all.map((optimizer) => ({ name: nameOf(optimizer), optimizer })))("reject, $name", ({ optimizer }) => {
  test.each(notFinite)("refuses %f and names its place", (value) => {
    const { table } = pairOf(optimizer, {});
    const gradients = gradientsWith(5, { [3 * dim + 2]: value });
    expectRefusedUnchanged(table, () => table.update([1, 2, 3, 4, 1], gradients), {
      code: "ERR_NON_FINITE",
      mentions: [String(value)],
    });
    expect(() => table.update([1, 2, 3, 4, 1], gradients)).toThrow(
      new RegExp(`gradients\\b.*\\b(${3 * dim + 2}|3)\\b`),
    );
  });

  test("refuses a row whose sum overflows although each gradient is finite", () => {
    const { table } = pairOf(optimizer, {});
    const gradients = gradientsWith(3, { 0: huge, [2 * dim]: huge });
    expectRefusedUnchanged(table, () => table.update([4, 5, 4], gradients), { code: "ERR_NON_FINITE" });
  });

  test("refuses a gradient that only overflows when multiplied by scale, and names its place", () => {
    const { table } = pairOf(optimizer, {});
    const gradients = gradientsWith(3, { [2 * dim + 4]: -1e30 });
    const update = (): number => table.update([4, 5, 6], gradients, { scale: 1e10 });
    expectRefusedUnchanged(table, update, { code: "ERR_NON_FINITE" });
    expect(update).toThrow(new RegExp(`gradients\\b.*\\b(${2 * dim + 4}|2)\\b.*scale`));
  });

  test("takes the padding row's gradients whatever they are", () => {
    const pair = pairOf(optimizer, { paddingId: 2 });
    pair.update({ ids: Uint32Array.of(1, 2), gradients: gradientsWith(2, { [dim]: Number.NaN, [dim + 1]: huge }) });
    pair.expectSameBits();
    expect(pair.table.step).toBe(2);
  });

  test("finds a bad gradient at the end of a batch that threads share", () => {
    const table = new EmbeddingTable({ rows, dim: 64, optimizer, threads: 4 });
    const ids = Uint32Array.from({ length: 20_000 }, (_, i) => i % rows);
    const gradients = new Float32Array(ids.length * 64).fill(1e-3);
    gradients[gradients.length - 1] = Number.NaN;
    expectRefusedUnchanged(table, () => table.update(ids, gradients), {
      code: "ERR_NON_FINITE",
      mentions: [Number.NaN],
    });
  });
});

describe.each(squaring.map((optimizer) => ({ name: nameOf(optimizer), optimizer })))(
  "squares, $name",
  ({ optimizer }) => {
    test("that overflow are refused by reject", () => {
      const { table } = pairOf(optimizer, {});
      const gradients = gradientsWith(2, { 3: 1e25 });
      expectRefusedUnchanged(table, () => table.update([4, 5], gradients), { code: "ERR_NON_FINITE" });
    });

    test("that overflow only in the row's sum are refused by reject", () => {
      const { table } = pairOf(optimizer, {});
      const gradients = gradientsWith(3, { 0: 1.2e19, [dim]: 1.2e19 });
      expectRefusedUnchanged(table, () => table.update([4, 4, 5], gradients), { code: "ERR_NON_FINITE" });
    });

    test("that overflow skip their row", () => {
      const pair = pairOf(optimizer, { nonFinite: "skip" });
      const missing = withoutBatch(pair.table);
      const tally = pair.table.tally(4);
      pair.update({ ids: Uint32Array.of(4, 5), gradients: gradientsWith(2, { 3: 1e25 }) });
      expect(pair.table.lookup([4])).toEqual(missing.lookup([4]));
      expect(pair.table.tally(4)).toBe(tally);
      pair.expectSameBits();
    });

    test("that overflow and cancel in the sum leave the row to be updated by skip", () => {
      const pair = pairOf(optimizer, { nonFinite: "skip" });
      pair.update({ ids: Uint32Array.of(4, 4, 5), gradients: gradientsWith(3, { 3: 1e25, [dim + 3]: -1e25 }) });
      pair.expectSameBits();
    });
  },
);

describe.each(plain.map((optimizer) => ({ name: nameOf(optimizer), optimizer })))("squares, $name", ({ optimizer }) => {
  test("that overflow do not matter to a rule that does not square", () => {
    for (const nonFinite of ["reject", "skip", "allow"] as const) {
      const pair = pairOf(optimizer, { nonFinite });
      pair.update({ ids: Uint32Array.of(4, 5), gradients: gradientsWith(2, { 3: 1e25 }) });
      expect(pair.table.step).toBe(2);
      pair.expectSameBits();
    }
  });
});

describe.each(all.map((optimizer) => ({ name: nameOf(optimizer), optimizer })))("skip, $name", ({ optimizer }) => {
  test.each(notFinite)("leaves rows with a gradient of %f alone, counts them and steps the others", (value) => {
    const pair = pairOf(optimizer, { nonFinite: "skip", tally: { halfLife: 3 } });
    const { table } = pair;
    const kept = Uint32Array.of(1, 7);
    const tallies = table.tallies(kept);
    const ids = Uint32Array.of(1, 2, 1, 7, 3);
    const gradients = gradientsWith(5, { [2 * dim]: value, [3 * dim + 5]: value });
    const missing = withoutBatch(table);

    expect(table.update(ids, gradients)).toBe(2);
    pair.oracle.update(ids, gradients);
    expect(table.lookup(kept)).toEqual(missing.lookup(kept));
    expect(table.tallies(kept)).toEqual(missing.tallies(kept));
    expect(table.tallies(kept)).not.toEqual(tallies);
    pair.expectSameBits();
  });

  test("skips a row whose sum overflows although each gradient is finite", () => {
    const pair = pairOf(optimizer, { nonFinite: "skip" });
    pair.update({ ids: Uint32Array.of(4, 5, 4), gradients: gradientsWith(3, { 0: huge, [2 * dim]: huge }) });
    pair.expectSameBits();
  });

  test("returns 0 for a batch without such rows", () => {
    const { table } = pairOf(optimizer, { nonFinite: "skip" });
    expect(table.update([1, 2], gradientsWith(2, {}))).toBe(0);
  });

  test("counts rows, not occurrences, among threads", () => {
    const table = new EmbeddingTable({ rows, dim: 64, optimizer, threads: 4, nonFinite: "skip" });
    const ids = Uint32Array.from({ length: 20_000 }, (_, i) => i % rows);
    const gradients = new Float32Array(ids.length * 64).fill(1e-3);
    gradients[64 * 3] = Number.NaN;
    gradients[64 * 13] = Number.NaN;
    gradients[64 * 19_998 + 63] = Number.POSITIVE_INFINITY;
    expect(table.update(ids, gradients)).toBe(2);
  });
});

describe.each(all.map((optimizer) => ({ name: nameOf(optimizer), optimizer })))("allow, $name", ({ optimizer }) => {
  test.each([...notFinite, huge, 1e25])("lets %f spread as IEEE arithmetic says", (value) => {
    const pair = pairOf(optimizer, { nonFinite: "allow" });
    pair.update({ ids: Uint32Array.of(1, 2, 1, 3), gradients: gradientsWith(4, { 3: value, [2 * dim + 3]: value }) });
    pair.expectSameBits();
    pair.update({ ids: Uint32Array.of(1, 4), gradients: gradientsWith(2, {}) });
    pair.expectSameBits();
  });

  test("gives a row NaN weights from a NaN gradient and returns 0", () => {
    const { table } = pairOf(optimizer, { nonFinite: "allow" });
    expect(table.update([6], gradientsWith(1, { 3: Number.NaN }))).toBe(0);
    expect(table.lookup([6])[3]).toBeNaN();
  });
});

describe.each([
  { name: "by row", clip: { type: "row-norm", limit: 1 } },
  { name: "together", clip: { type: "global-norm", limit: 1 } },
  { name: "as CowClip", clip: { type: "cow" } },
] as const)("clipping $name squares sums, and nothing else, for a rule that does not square", ({ clip }) => {
  const sgd: Optimizer = { type: "sgd", lr: 0.1 };
  const single = { ids: Uint32Array.of(4, 5), gradients: gradientsWith(2, { 3: 1e25 }) };
  const cancelling = { ids: Uint32Array.of(4, 4, 5), gradients: gradientsWith(3, { 3: 1e25, [dim + 3]: -1e25 }) };

  test("so that squares which overflow in a sum are refused by reject and left by skip", () => {
    const pair = pairOf(sgd, { clip });
    expectRefusedUnchanged(pair.table, () => pair.table.update(single.ids, single.gradients), {
      code: "ERR_NON_FINITE",
    });
    const skipping = pairOf(sgd, { clip, nonFinite: "skip" });
    skipping.update(single);
    expect(skipping.table.tally(4)).toBe(skipping.oracle.tally(4));
    skipping.expectSameBits();
  });

  test.each(["reject", "skip", "allow"] as const)("so that gradients may be large which cancel: %s", (nonFinite) => {
    const pair = pairOf(sgd, { clip, nonFinite });
    pair.update(cancelling);
    pair.expectSameBits();
  });
});

test("reject leaves rule scalars and steps as they were: the run goes on as if the batch had not been offered", () => {
  for (const optimizer of all) {
    const pair = pairOf(optimizer, { tally: { halfLife: 2 } });
    expect(() => pair.table.update([1, 2], gradientsWith(2, { 11: Number.NaN }))).toThrow();
    pair.update(skewedBatch(new Random(seed + 1), rows, dim, 30));
    pair.expectSameBits();
  }
});
