/** Every rule with every option, and in narrow storage, at dims on both sides of the lanes' width: the oracle's bits. */
import { describe, expect, test } from "vitest";
import type { TableOptions } from "../../index.js";
import { countedBatch, distinctBatch, emptyBatch, skewedBatch } from "./support/batches.js";
import { Pair } from "./support/pair.js";
import { Random, seed } from "./support/random.js";
import { plainCases, ruleCases } from "./support/rule-cases.js";

const rows = 97;
const dims = [1, 3, 7, 8, 9, 16, 17, 64, 100, 257];
/** What surrounds a rule is the same at all of them, so that a few will do, one of them above the 64 elements that share random bits. */
const fewDims = [1, 7, 16, 65];

describe.each(ruleCases)("$name", ({ name, options }) => {
  const isPlain = plainCases.some((plain) => plain.name === name);

  test.each(isPlain ? dims : fewDims)(`gives the oracle's bits over several steps at dim %i (seed ${seed})`, (dim) => {
    expectSameBitsOverSteps({ rows, dim, ...options(rows) });
  });

  test(`goes on from lr 0, where no row moves unless its rate has another source (seed ${seed})`, () => {
    const random = new Random(seed);
    const pair = Pair.of({ rows, dim: 5, ...options(rows) });
    pair.setLr(0);
    pair.update(skewedBatch(random, rows, 5, 100));
    pair.expectSameBits();
    pair.setLr(0.2);
    pair.update(skewedBatch(random, rows, 5, 100));
    pair.expectSameBits();
    expect(pair.table.step).toBe(2);
  });

  test(`resumes with the oracle's bits after setRows and resetRows (seed ${seed})`, () => {
    const random = new Random(seed);
    const dim = 11;
    const pair = Pair.of({ rows, dim, init: { type: "uniform", scale: 0.3 }, ...options(rows) });
    pair.update(skewedBatch(random, rows, dim, 150));
    const written = skewedBatch(random, rows, dim, 30);
    pair.setRows(written.ids, written.gradients);
    pair.resetRows([0, 0, 5, 96]);
    pair.expectSameBits();
    pair.update(skewedBatch(random, rows, dim, 150));
    pair.expectSameBits();
  });
});

describe.each(plainCases)("$name", ({ options }) => {
  test(`gives the oracle's bits where rows occur in several runs of one batch (seed ${seed})`, () => {
    const random = new Random(seed);
    const occurrences = [1, 2, 255, 256, 257, 300, 511, 512, 513, 769];
    for (const dim of [1, 9, 16]) {
      const pair = Pair.of({ rows, dim, ...options(rows) });
      pair.update(countedBatch(random, occurrences, dim));
      pair.update(countedBatch(random, occurrences.toReversed(), dim));
      pair.expectSameBits();
    }
  });
});

const narrow: readonly [name: string, storage: Partial<TableOptions>][] = [
  ["f16", { dtype: "f16" }],
  ["bf16 at random", { dtype: "bf16", stateDtype: "bf16", rounding: "stochastic" }],
];
const baseCases = ruleCases.filter(({ name, options }) => ["momentum", options(rows).optimizer?.type].includes(name));

describe.each(narrow)("in %s", (_, storage) => {
  test.each(baseCases)(`$name gives the oracle's bits over several steps (seed ${seed})`, ({ options }) => {
    for (const dim of [9, 65]) expectSameBitsOverSteps({ rows, dim, ...options(rows), ...storage });
  });
});

/** Large and small steps, an empty one, another rate and a flush. */
function expectSameBitsOverSteps(options: TableOptions): void {
  const { dim } = options;
  const random = new Random(seed + dim);
  const pair = Pair.of(options);
  pair.expectSameBits();
  pair.update(skewedBatch(random, rows, dim, 200));
  pair.expectSameBits();
  pair.update(emptyBatch);
  pair.expectSameBits();
  pair.update(skewedBatch(random, rows, dim, 40), { scale: 0.37 });
  pair.expectSameBits();
  pair.setLr(0.013);
  pair.update(distinctBatch(random, rows, dim, 60));
  pair.expectSameBits();
  pair.flush();
  pair.expectSameBits();
  pair.update({ ids: Uint32Array.of(rows - 1), gradients: new Float32Array(dim) });
  pair.expectSameBits();
}
