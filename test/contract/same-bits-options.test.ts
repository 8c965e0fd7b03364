/** First weights, seeds, padding, kinds of ids and clones: the oracle's bits. */
import { describe, expect, test } from "vitest";
import type { Init, TableOptions } from "../../index.js";
import { EmbeddingTable } from "./subject.js";
import { everyId, gradientsFor, skewedBatch } from "./support/batches.js";
import { expectSameElements, Pair } from "./support/pair.js";
import { Random, seed } from "./support/random.js";

describe("first weights", () => {
  const inits: [name: string, init: { init?: Init }][] = [
    ["left out", {}],
    ["zeros", { init: { type: "zeros" } }],
    ["uniform", { init: { type: "uniform" } }],
    ["uniform of scale 3", { init: { type: "uniform", scale: 3 } }],
    ["normal", { init: { type: "normal" } }],
    ["normal of scale 0.7", { init: { type: "normal", scale: 0.7 } }],
    ["normal of scale 0", { init: { type: "normal", scale: 0 } }],
  ];
  const seeds = [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 123_456_789_012_345, 2 ** 53 - 1];

  for (const [name, init] of inits) {
    test.each(seeds)(`${name} are the oracle's for seed %i`, (tableSeed) => {
      for (const dim of [1, 4, 6, 33]) {
        Pair.of({ rows: 50, dim, ...init, seed: tableSeed }).expectSameBits();
      }
    });
  }

  test("of a whole row reach the tails of the normal distribution with the oracle's bits", () => {
    Pair.of({ rows: 4, dim: 65_536, init: { type: "normal", scale: 1 } }).expectSameBits();
  });

  test("from an array are that array's, copied", () => {
    const init = gradientsFor(new Random(seed), 20, 3);
    const kept = init.slice();
    const pair = Pair.of({ rows: 20, dim: 3, init });
    init.fill(7);
    expectSameElements("weight", pair.table.lookup(everyId(20)), kept);
    pair.expectSameBits();
  });

  test("differ between seeds", () => {
    const first = new EmbeddingTable({ rows: 8, dim: 8, seed: 1 });
    const second = new EmbeddingTable({ rows: 8, dim: 8, seed: 1 + 2 ** 32 });
    expect(first.fingerprint()).not.toBe(second.fingerprint());
  });
});

describe("padding", () => {
  const options: [name: string, options: Partial<TableOptions>][] = [
    ["tallygrad", {}],
    ["cf-sgd, normalize, half-life", { optimizer: { type: "cf-sgd", lr: 1, normalize: true }, tally: { halfLife: 3 } }],
    ["adam", { optimizer: { type: "adam" } }],
    ["adam, all", { optimizer: { type: "adam", scope: "all" } }],
    ["sgd, clipped together", { optimizer: { type: "sgd", lr: 1 }, clip: { type: "global-norm", limit: 1 } }],
    ["narrow weights, rounded at random", { dtype: "bf16", rounding: "stochastic" }],
    ["fa-sgd", { optimizer: { type: "fa-sgd", lr: 1, expectedCounts: new Float32Array(30).fill(2) } }],
  ];

  test.each(options)(`takes no part in a step of %s (seed ${seed})`, (_name, more) => {
    const random = new Random(seed);
    for (const paddingId of [0, 13, 29]) {
      const pair = Pair.of({ rows: 30, dim: 9, paddingId, ...more });
      pair.update(skewedBatch(random, 30, 9, 400));
      pair.expectSameBits();
      pair.update({ ids: new Uint32Array(20).fill(paddingId), gradients: gradientsFor(random, 20, 9) });
      pair.resetRows([paddingId, 1]);
      pair.update(skewedBatch(random, 30, 9, 400));
      pair.expectSameBits();
      expect(pair.table.tally(paddingId)).toBe(0);
      expect(pair.table.lookup([paddingId])).toEqual(new Float32Array(9));
    }
  });

  test("is looked up as zeros from an array of first weights that has zeros there", () => {
    const init = Float32Array.of(1, 2, 0, 0, 5, 6);
    const pair = Pair.of({ rows: 3, dim: 2, init, paddingId: 1 });
    pair.expectSameBits();
    expect(pair.table.lookup([0, 1, 2])).toEqual(init);
  });
});

describe("ids", () => {
  test(`have the same effect as Uint32Array, Int32Array or plain array (seed ${seed})`, () => {
    const { ids, gradients } = skewedBatch(new Random(seed), 40, 6, 300);
    const fingerprints = [ids, Int32Array.from(ids), [...ids]].map((form) => {
      const table = new EmbeddingTable({ rows: 40, dim: 6 });
      table.update(form, gradients);
      table.resetRows(form.slice(0, 3));
      table.setRows(form.slice(4, 6), gradients.slice(0, 12));
      expect(table.lookup(form)).toEqual(table.lookup(ids));
      expect(table.tallies(form)).toEqual(table.tallies(ids));
      expect(table.rates(form)).toEqual(table.rates(ids));
      return table.fingerprint();
    });
    expect(new Set(fingerprints).size).toBe(1);
  });

  test(`and gradients may be views into the middle of larger buffers (seed ${seed})`, () => {
    const { ids, gradients } = skewedBatch(new Random(seed), 40, 3, 50);
    const pair = Pair.of({ rows: 40, dim: 3 });
    pair.update({ ids: ids.subarray(7, 20), gradients: gradients.subarray(30, 69) });
    pair.expectSameBits();
  });

  test("and gradients may lie in one buffer, since both are only read", () => {
    const buffer = new ArrayBuffer(16);
    const ids = new Uint32Array(buffer, 0, 2);
    const gradients = new Float32Array(buffer, 8, 2);
    ids.set([2, 1]);
    gradients.set([0.5, 0.25]);
    const pair = Pair.of({ rows: 3, dim: 1 });
    pair.update({ ids, gradients });
    pair.expectSameBits();
  });

  test("and gradients are not written", () => {
    const { ids, gradients } = skewedBatch(new Random(seed), 40, 6, 300);
    const [idsBefore, gradientsBefore] = [ids.slice(), gradients.slice()];
    new EmbeddingTable({ rows: 40, dim: 6 }).update(ids, gradients, { scale: 3 });
    expect(ids).toEqual(idsBefore);
    expect(gradients).toEqual(gradientsBefore);
  });
});

describe("scale", () => {
  test.each([0, -1, 1, 1024, 0.1, 1e-30, 1e30])("multiplies each gradient element by %f in float32", (scale) => {
    const { ids, gradients } = skewedBatch(new Random(seed), 40, 6, 300);
    const pair = Pair.of({ rows: 40, dim: 6, optimizer: { type: "sgd", lr: 0.1 } });
    pair.update({ ids, gradients }, { scale });
    pair.expectSameBits();
  });
});

describe("lr", () => {
  test("is the optimizer's or its default at first", () => {
    expect(new EmbeddingTable({ rows: 1, dim: 1 }).lr).toBe(0.05);
    expect(new EmbeddingTable({ rows: 1, dim: 1, optimizer: { type: "tallygrad" } }).lr).toBe(0.05);
    expect(new EmbeddingTable({ rows: 1, dim: 1, optimizer: { type: "cf-sgd", lr: 0.7 } }).lr).toBe(0.7);
    expect(new EmbeddingTable({ rows: 1, dim: 1, optimizer: { type: "adagrad" } }).lr).toBe(0.01);
    expect(new EmbeddingTable({ rows: 1, dim: 1, optimizer: { type: "rowwise-adagrad" } }).lr).toBe(0.01);
    expect(new EmbeddingTable({ rows: 1, dim: 1, optimizer: { type: "adam" } }).lr).toBe(0.001);
  });

  test("is read back exactly as it was set", () => {
    const table = new EmbeddingTable({ rows: 1, dim: 1 });
    table.lr = 0.1;
    expect(table.lr).toBe(0.1);
    table.lr = 0;
    expect(table.lr).toBe(0);
  });
});
