/** Equalities between rules that need no other implementation: the numbered checks of the house plan's section on rules. */
import { describe, expect, test } from "vitest";
import type { Optimizer, TableOptions, Tally } from "../../index.js";
import { at } from "../oracle/at.js";
import { EmbeddingTable } from "./subject.js";
import { type Batch, distinctBatch, everyId, gradientsFor, signsFor, skewedBatch } from "./support/batches.js";
import { expectSameElements } from "./support/pair.js";
import { Random, seed } from "./support/random.js";
import { ruleCases } from "./support/rule-cases.js";

const rows = 60;
const dim = 13;

function tableOf(optimizer: Optimizer, more: Partial<TableOptions> = {}): EmbeddingTable {
  return new EmbeddingTable({ rows, dim, seed: 7, optimizer, ...more });
}

function train(table: EmbeddingTable, batches: readonly Batch[]): EmbeddingTable {
  for (const { ids, gradients } of batches) {
    table.update(ids, gradients);
  }
  return table;
}

function weightsOf(table: EmbeddingTable): Float32Array {
  return table.lookup(everyId(table.rows));
}

function expectSameWeights(actual: EmbeddingTable, expected: EmbeddingTable): void {
  expectSameElements("weight", weightsOf(actual), weightsOf(expected));
}

/** Batches of different rows whose gradient elements are all `size` or -`size`. */
function signBatches(size: number): Batch[] {
  const random = new Random(seed);
  return Array.from({ length: 12 }, () => {
    const { ids } = distinctBatch(random, rows, dim, 25);
    return { ids, gradients: signsFor(random, ids.length, dim, size) };
  });
}

describe("1: elements of plus or minus r, each row at most once a batch", () => {
  test(`row-wise Adagrad with r = 1 is any-time cf-sgd, bit for bit (seed ${seed})`, () => {
    const adagrad = train(tableOf({ type: "rowwise-adagrad", lr: 0.3, eps: 0 }), signBatches(1));
    expectSameWeights(adagrad, train(tableOf({ type: "cf-sgd", lr: 0.3 }), signBatches(1)));
  });

  test(`row-wise Adagrad is any-time cf-sgd at lr / r, to rounding (seed ${seed})`, () => {
    const r = 0.3;
    const adagrad = train(tableOf({ type: "rowwise-adagrad", lr: 0.2, eps: 0 }), signBatches(r));
    const counting = train(tableOf({ type: "cf-sgd", lr: 0.2 / r }), signBatches(r));
    const expected = weightsOf(counting);
    weightsOf(adagrad).forEach((weight, i) => {
      expect(Math.abs(weight - at(expected, i))).toBeLessThan(2e-6);
    });
  });
});

describe("2: the house rule", () => {
  test.each([1, 3, 16])(
    `with start 0 and floor %i is row-wise Adagrad with that accumulator (seed ${seed})`,
    (floor) => {
      const tallygrad = train(tableOf({ type: "tallygrad", lr: 0.3, start: 0, floor }), signBatches(1));
      const adagrad = tableOf({ type: "rowwise-adagrad", lr: 0.3, accumulator: floor, eps: 0 });
      expectSameWeights(tallygrad, train(adagrad, signBatches(1)));
    },
  );

  test.each([-20, -1, 1, 20])(`does not change a bit when all gradients are multiplied by 2^%i (seed ${seed})`, (k) => {
    const batches = Array.from({ length: 5 }, (_, i) => skewedBatch(new Random(seed + i), rows, dim, 200));
    const scaled = batches.map(({ ids, gradients }) => ({ ids, gradients: gradients.map((g) => g * 2 ** k) }));
    for (const tally of [{}, { halfLife: 3 }]) {
      const optimizer: Optimizer = { type: "tallygrad", lr: 0.3 };
      expectSameWeights(train(tableOf(optimizer, { tally }), scaled), train(tableOf(optimizer, { tally }), batches));
    }
  });

  test(`does not change a bit by scale either (seed ${seed})`, () => {
    const { ids, gradients } = skewedBatch(new Random(seed), rows, dim, 200);
    const [plain, scaled] = [tableOf({ type: "tallygrad" }), tableOf({ type: "tallygrad" })];
    plain.update(ids, gradients);
    scaled.update(ids, gradients, { scale: 4096 });
    expectSameWeights(scaled, plain);
  });
});

describe("3: rules that are plain SGD in disguise", () => {
  const batches = Array.from({ length: 5 }, (_, i) => skewedBatch(new Random(seed + i), rows, dim, 200));

  test.each([
    [7, undefined],
    [7, 0.05],
    [1e6, 0.05],
  ])(`fa-sgd with equal expected counts %f and maxLr %s is sgd (seed ${seed})`, (count, maxLr) => {
    const expectedCounts = new Float64Array(rows).fill(count);
    const frequencyAware = tableOf({
      type: "fa-sgd",
      lr: 0.3,
      expectedCounts,
      ...(maxLr === undefined ? {} : { maxLr }),
    });
    const lr = Math.min(maxLr ?? Number.POSITIVE_INFINITY, 0.3 / Math.sqrt(count));
    expectSameWeights(train(frequencyAware, batches), train(tableOf({ type: "sgd", lr }), batches));
  });

  test.each<[name: string, optimizer: Optimizer, more: Partial<TableOptions>]>([
    ["cf-sgd", { type: "cf-sgd", lr: 10, maxLr: 0.01 }, {}],
    ["cf-sgd with a horizon", { type: "cf-sgd", lr: 10, maxLr: 0.01, horizon: 20 }, {}],
    ["cf-sgd with a half-life", { type: "cf-sgd", lr: 10, maxLr: 0.01 }, { tally: { halfLife: 4 } }],
    ["fa-sgd", { type: "fa-sgd", lr: 10, maxLr: 0.01, expectedCounts: everyId(rows) }, {}],
  ])(`%s with maxLr below every rate is sgd at maxLr (seed ${seed})`, (_name, optimizer, more) => {
    const sgd = train(tableOf({ type: "sgd", lr: 0.01 }), batches);
    expectSameWeights(train(tableOf(optimizer, more), batches), sgd);
  });
});

describe("4: tallies with a half-life", () => {
  test.each([
    [1, 1],
    [3, 2],
    [5, 40],
    [1, 0.25],
  ])("of a row seen every %i steps tend to 1 / (1 - 2^(-k/h)) after its bump, half-life %f", (every, halfLife) => {
    const table = tableOf({ type: "sgd", lr: 1 }, { tally: { unit: "batch", halfLife } });
    const gradients = new Float32Array(2 * dim);
    for (let visit = 0; visit < 1 + (60 * halfLife) / every; visit += 1) {
      for (let pause = 1; pause < every; pause += 1) {
        table.update([], new Float32Array());
      }
      table.update([5, 5], gradients);
    }
    expect(table.tally(5)).toBeCloseTo(1 / (1 - 2 ** (-every / halfLife)), 10);
  });

  test(`are the plain tallies, and so are the weights, when the half-life is immense (seed ${seed})`, () => {
    const batches = Array.from({ length: 5 }, (_, i) => skewedBatch(new Random(seed + i), rows, dim, 200));
    for (const optimizer of [{ type: "cf-sgd", lr: 0.3 }, { type: "tallygrad" }] as const) {
      const plain = train(tableOf(optimizer), batches);
      const slow = train(tableOf(optimizer, { tally: { halfLife: 1e30 } }), batches);
      expectSameWeights(slow, plain);
      expect(slow.tallies()).toEqual(plain.tallies());
    }
  });

  test("halve exactly in a half-life of pause, without being written", () => {
    const table = tableOf({ type: "sgd", lr: 1 }, { tally: { halfLife: 4 } });
    table.update([9, 9, 9], new Float32Array(3 * dim));
    for (let pause = 0; pause < 8; pause += 1) {
      table.update([], new Float32Array());
    }
    expect(table.tally(9)).toBe(0.75);
    expect(table.tally(9)).toBe(0.75);
    expect(table.tallies([9, 8])).toEqual(Float64Array.of(0.75, 0));
  });
});

describe("5: a batch of different rows split into smaller batches", () => {
  test.each<[optimizer: Optimizer]>([
    [{ type: "sgd", lr: 0.3 }],
    [{ type: "fa-sgd", lr: 0.3, maxLr: 0.1, expectedCounts: everyId(rows) }],
    [{ type: "cf-sgd", lr: 0.3 }],
    [{ type: "adagrad" }],
    [{ type: "rowwise-adagrad" }],
  ])(`changes no weight and no tally for $type (seed ${seed})`, (optimizer) => {
    const [whole, split] = [tableOf(optimizer), tableOf(optimizer)];
    for (let step = 0; step < 6; step += 1) {
      const { ids, gradients } = distinctBatch(new Random(seed + step), rows, dim, 41);
      whole.update(ids, gradients);
      for (const [start, end] of [
        [0, 1],
        [1, 9],
        [9, 9],
        [9, 41],
      ] as const) {
        split.update(ids.subarray(start, end), gradients.subarray(start * dim, end * dim));
      }
    }
    expectSameWeights(split, whole);
    expect(split.tallies()).toEqual(whole.tallies());
  });
});

describe("7: renaming rows", () => {
  /** What is rounded at random is rounded by the row's number. */
  const nameless = ruleCases.filter(({ options }) => options(rows).rounding !== "stochastic");

  test.each(nameless)(`renames the result of $name, bit for bit (seed ${seed})`, ({ options }) => {
    const random = new Random(seed);
    const newName = random.permutation(rows);
    const given = options(rows);
    const weights = gradientsFor(random, rows, dim);
    const table = new EmbeddingTable({ rows, dim, ...given });
    const renamed = new EmbeddingTable({ rows, dim, ...given, ...renamedCounts(given.optimizer, newName) });
    table.setRows(everyId(rows), weights);
    renamed.setRows(newName, weights);
    for (let step = 0; step < 5; step += 1) {
      const { ids, gradients } = skewedBatch(random, rows, dim, 200);
      table.update(ids, gradients);
      renamed.update(
        ids.map((id) => at(newName, id)),
        gradients,
      );
    }
    expectSameElements("weight", renamed.lookup(newName), weightsOf(table));
    expect(renamed.tallies(newName)).toEqual(table.tallies());
    expect(renamed.rates(newName)).toEqual(table.rates(everyId(rows)));
  });

  /** The option that has to follow the rows: the counts that fa-sgd expects of each. */
  function renamedCounts(optimizer: Optimizer | undefined, newName: Uint32Array): { optimizer?: Optimizer } {
    if (optimizer?.type !== "fa-sgd") {
      return {};
    }
    const expectedCounts = new Float64Array(rows);
    newName.forEach((name, id) => {
      expectedCounts[name] = at(optimizer.expectedCounts, id);
    });
    return { optimizer: { ...optimizer, expectedCounts } };
  }
});

describe("9: the root mean square of a tallygrad step", () => {
  /** What weights of this size lose by rounding is below the bound asserted here. */
  const rounding = 1e-6;

  test.each<[name: string, optimizer: Extract<Optimizer, { type: "tallygrad" }>, tally: Tally]>([
    ["defaults", { type: "tallygrad" }, {}],
    ["start 0", { type: "tallygrad", lr: 0.3, start: 0 }, {}],
    ["floor 1", { type: "tallygrad", lr: 0.3, start: 0, floor: 1 }, {}],
    ["half-life 1", { type: "tallygrad", lr: 0.3, start: 1 }, { halfLife: 1 }],
  ])(`is at most lr with %s, however wild the gradients (seed ${seed})`, (_name, optimizer, tally) => {
    const random = new Random(seed);
    const table = tableOf(optimizer, { tally, init: { type: "zeros" } });
    for (const size of [1, 1e-12, 1e12, 1e-6, 1e15, 1]) {
      const { ids, gradients } = skewedBatch(random, rows, dim, 300);
      const before = weightsOf(table);
      table.update(ids, gradients, { scale: size });
      const after = weightsOf(table);
      for (let id = 0; id < rows; id += 1) {
        let squares = 0;
        for (let i = id * dim; i < (id + 1) * dim; i += 1) {
          squares += (at(after, i) - at(before, i)) ** 2;
        }
        expect(Math.sqrt(squares / dim)).toBeLessThan(table.lr * (1 + rounding));
      }
    }
  });

  test("nears lr at a row's first occurrence when nothing but that occurrence is counted", () => {
    const table = tableOf({ type: "tallygrad", lr: 0.25, start: 0 }, { init: { type: "zeros" } });
    table.update([3], new Float32Array(dim).fill(-4));
    expect(table.lookup([3])).toEqual(new Float32Array(dim).fill(0.25));
  });
});
