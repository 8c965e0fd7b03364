/** Rows by their tallies: the hottest, the coldest, and how many there are of each heat. */
import { describe, expect, test } from "vitest";
import type { TableOptions } from "../../index.js";
import { at } from "../oracle/at.js";
import { EmbeddingTable } from "./subject.js";
import { skewedBatch } from "./support/batches.js";
import { Random, seed } from "./support/random.js";

const rows = 300;

function trained(more: Partial<TableOptions>): EmbeddingTable {
  const table = new EmbeddingTable({ rows, dim: 1, ...more });
  const random = new Random(seed);
  for (let step = 0; step < 20; step++) {
    const { ids, gradients } = skewedBatch(random, rows, 1, 40);
    table.update(ids, gradients);
  }
  return table;
}

describe.each([
  ["plain tallies", {}],
  ["a half-life", { tally: { halfLife: 3 } }],
  ["a padding row", { paddingId: 0 }],
] as [string, Partial<TableOptions>][])("with %s", (_, more) => {
  const table = trained(more);
  const tallies = table.tallies();
  const ids = Array.from(tallies.keys()).filter((id) => id !== more.paddingId);

  test.each([0, 1, 7, rows, rows + 5])("the %i hottest and coldest are those that sorting finds", (k) => {
    const hottest = ids.toSorted((a, b) => at(tallies, b) - at(tallies, a) || a - b);
    const coldest = ids.toSorted((a, b) => at(tallies, a) - at(tallies, b) || a - b);
    expect(table.hottest(k)).toEqual(Uint32Array.from(hottest.slice(0, k)));
    expect(table.coldest(k)).toEqual(Uint32Array.from(coldest.slice(0, k)));
  });

  test("the histogram has every row but the padding row once, where its tally belongs", () => {
    const classes = table.tallyHistogram();
    expect(classes.reduce((sum, { rows }) => sum + rows, 0)).toBe(ids.length);
    for (const [index, { from, below, rows }] of classes.entries()) {
      const belongs = (tally: number): boolean =>
        index === 0 ? tally === 0 : tally > 0 && tally >= from && tally < below;
      expect(rows).toBe(ids.filter((id) => belongs(at(tallies, id))).length);
    }
    expect(classes.at(-1)?.rows).toBeGreaterThan(0);
  });
});

test("A new table has all its rows in the class of those that never occurred", () => {
  const table = new EmbeddingTable({ rows: 5, dim: 1 });
  expect(table.tallyHistogram()).toEqual([{ from: 0, below: 0, rows: 5 }]);
  expect(table.hottest(2)).toEqual(Uint32Array.of(0, 1));
  expect(new EmbeddingTable({ rows: 1, dim: 1, paddingId: 0 }).tallyHistogram()).toEqual([]);
});

test.each([-1, 1.5, Number.NaN, "3", undefined])("k = %s is refused", (k) => {
  const table = new EmbeddingTable({ rows: 5, dim: 1 });
  const code = k === undefined ? "ERR_MISSING_OPTION" : "ERR_OPTION_VALUE";
  expect(() => table.hottest(k as number)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(/^k /) }),
  );
  expect(() => table.coldest(k as number)).toThrow(expect.objectContaining({ code }));
});
