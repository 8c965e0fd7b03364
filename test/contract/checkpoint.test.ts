/** A table that is saved, loaded elsewhere and goes on is, bit for bit, the one that never stopped. */
import { describe, expect, test } from "vitest";
import type { LoadOptions, TableOptions } from "../../index.js";
import { OracleTable } from "../oracle/oracle-table.js";
import { EmbeddingTable } from "./subject.js";
import { emptyBatch, skewedBatch } from "./support/batches.js";
import { places } from "./support/places.js";
import { Random, seed } from "./support/random.js";
import { ruleCases } from "./support/rule-cases.js";

const rows = 23;

/** Steps that leave rows behind, at a rate that changes once. */
function run(tables: readonly (EmbeddingTable | OracleTable)[], random: Random, dim: number, lrIsFixed: boolean): void {
  for (let step = 0; step < 7; step += 1) {
    const batch = step % 3 === 2 ? emptyBatch : skewedBatch(random, rows, dim, 12);
    for (const table of tables) {
      if (step === 4 && !lrIsFixed) table.lr /= 2;
      table.update(batch.ids, batch.gradients);
    }
  }
}

function scheduleOf({ schedule }: Partial<TableOptions>): LoadOptions {
  return typeof schedule === "function" ? { schedule } : {};
}

describe.each(ruleCases)("$name", ({ options }) => {
  test.each([1, 4, 7, 19])(`in rows of %s (seed ${seed})`, async (dim) => {
    const own = options(rows);
    const given: TableOptions = { rows, dim, paddingId: 3, ...own };
    const fixed = own.optimizer?.type === "ftrl";
    const [table, oracle, random] = [new EmbeddingTable(given), new OracleTable(given), new Random(seed)];
    run([table, oracle], random, dim, fixed);
    const file = await table.save();
    const restored = await Promise.all(
      places.map((place) => EmbeddingTable.load(file, { ...place, ...scheduleOf(own) })),
    );
    for (const copy of restored) {
      expect(copy.fingerprint()).toBe(oracle.fingerprint());
      expect([copy.lr, copy.step]).toEqual([oracle.lr, oracle.step]);
    }
    run([...restored, oracle], random, dim, fixed);
    for (const copy of restored) copy.resetRows([5]);
    oracle.resetRows([5]);
    expect(restored.map((copy) => copy.fingerprint())).toEqual(places.map(() => oracle.fingerprint()));
    // What it is saved as is what it was loaded from.
    const [first] = restored;
    const again = await EmbeddingTable.load((await first?.save()) ?? file, scheduleOf(own));
    expect(again.fingerprint()).toBe(oracle.fingerprint());
  });
});

test("after rates of many steps and a flush, rows miss what they missed", async () => {
  const options: TableOptions = { rows, dim: 3, optimizer: { type: "sgd", lr: 0.1, momentum: 0.9, scope: "all" } };
  let [table, oracle, random] = [new EmbeddingTable(options), new OracleTable(options), new Random(seed)];
  for (let step = 1; step <= 60; step += 1) {
    const { ids, gradients } = skewedBatch(random, rows, 3, 2);
    for (const each of [table, oracle]) {
      each.lr = step % 20 < 10 ? 0.1 : 0.001 * (1 + ((step * 7) % 11));
      each.update(ids, gradients);
      if (step === 25) each.flush();
    }
    if (step % 7 === 0) table = await EmbeddingTable.load(await table.save());
    expect(table.fingerprint()).toBe(oracle.fingerprint());
    expect(table.lookup([1, 2, 3])).toEqual(oracle.lookup([1, 2, 3]));
  }
});

test("first weights of a row that is reset are drawn as before", async () => {
  const options: TableOptions = { rows, dim: 3, init: { type: "uniform", scale: 0.3 }, seed: 77 };
  const table = await EmbeddingTable.load(await new EmbeddingTable(options).save());
  table.setRows([4], new Float32Array(3));
  table.resetRows([4]);
  expect(table.fingerprint()).toBe(new OracleTable(options).fingerprint());
});
