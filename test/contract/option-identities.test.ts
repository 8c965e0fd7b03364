/** Options that come to nothing, and options that come to the same as others: bit for bit, where nothing else is said. */
import { describe, expect, test } from "vitest";
import type { Optimizer, TableOptions } from "../../index.js";
import { at } from "../oracle/at.js";
import { EmbeddingTable } from "./subject.js";
import { type Batch, distinctBatch, everyId, gradientsFor, signsFor, skewedBatch } from "./support/batches.js";
import { Random, seed } from "./support/random.js";

const rows = 50;
const dim = 11;
const batches: readonly Batch[] = Array.from({ length: 6 }, (_, i) => skewedBatch(new Random(seed + i), rows, dim, 60));

function trained(options: Partial<TableOptions>, given: readonly Batch[] = batches): EmbeddingTable {
  const table = new EmbeddingTable({ rows, dim, seed: 3, ...options });
  for (const { ids, gradients } of given) {
    table.update(ids, gradients);
  }
  return table;
}

const momentum: Optimizer = { type: "sgd", lr: 0.1, momentum: 0.9, scope: "all" };
const adamAll: Optimizer = { type: "adam", lr: 0.01, scope: "all" };

describe("nothing, and so the same fingerprint, is what comes of", () => {
  test.each<[name: string, options: Partial<TableOptions>, without: Partial<TableOptions>]>([
    ["momentum 0", { optimizer: { type: "sgd", lr: 0.1, momentum: 0 } }, { optimizer: { type: "sgd", lr: 0.1 } }],
    ["sgd's scope", { optimizer: { type: "sgd", lr: 0.1, scope: "all" } }, { optimizer: { type: "sgd", lr: 0.1 } }],
    ["adagrad's scope", { optimizer: { type: "adagrad", scope: "all" } }, { optimizer: { type: "adagrad" } }],
    [
      "rowwise-adagrad's scope",
      { optimizer: { type: "rowwise-adagrad", scope: "all" } },
      { optimizer: { type: "rowwise-adagrad" } },
    ],
    ["weight decay at rate 0", { weightDecay: { rate: 0, scope: "all" } }, {}],
    ["l2 at rate 0", { optimizer: adamAll, weightDecay: { rate: 0, type: "l2" } }, { optimizer: adamAll }],
    ["clipping by a high value", { clip: { type: "value", limit: 1e30 } }, {}],
    ["clipping rows at a high norm", { clip: { type: "row-norm", limit: 1e30 } }, {}],
    ["clipping all at a high norm", { clip: { type: "global-norm", limit: 1e30 } }, {}],
    ["CowClip with a high floor", { clip: { type: "cow", floor: 1e30 } }, {}],
    ["a high largest norm", { maxNorm: 1e30 }, {}],
    ["a constant schedule", { schedule: { type: "constant" } }, {}],
    ["a warm-up of one step", { schedule: { type: "constant", warmup: 1 } }, {}],
    ["a schedule that ends at 1", { schedule: { type: "linear", steps: 3, end: 1 } }, {}],
    ["a function that gives 1", { optimizer: adamAll, schedule: () => 1 }, { optimizer: adamAll }],
    ["random rounding of float32", { optimizer: adamAll, rounding: "stochastic" }, { optimizer: adamAll }],
  ])("%s", (_name, options, without) => {
    expect(trained(options).fingerprint()).toBe(trained(without).fingerprint());
  });
});

describe("the same fingerprint have", () => {
  test.each<[name: string, options: Partial<TableOptions>, same: Partial<TableOptions>]>([
    [
      "adamw and adam with decoupled decay of 0.01",
      { optimizer: { type: "adamw" } },
      { optimizer: { type: "adam" }, weightDecay: { rate: 0.01, type: "decoupled", scope: "touched" } },
    ],
    [
      "the same of all rows",
      { optimizer: { type: "adamw", scope: "all" } },
      { optimizer: { type: "adam", scope: "all" }, weightDecay: { rate: 0.01, type: "decoupled", scope: "all" } },
    ],
    [
      "adamw with its own rate and adam with that",
      { optimizer: { type: "adamw" }, weightDecay: { rate: 0.2 } },
      { optimizer: { type: "adam" }, weightDecay: { rate: 0.2 } },
    ],
    [
      "decay by default and decay that is decoupled, by step, in the optimizer's scope",
      { optimizer: momentum, weightDecay: { rate: 0.2 } },
      { optimizer: momentum, weightDecay: { rate: 0.2, type: "decoupled", by: "step", scope: "all" } },
    ],
    [
      "CowClip by default and with ratio 1 and floor 1e-5",
      { clip: { type: "cow" } },
      { clip: { type: "cow", ratio: 1, floor: 1e-5 } },
    ],
    [
      "a function and the schedule that it writes out",
      { optimizer: adamAll, schedule: { type: "linear", steps: 4 } },
      { optimizer: adamAll, schedule: (step) => 1 - Math.min(step / 4, 1) },
    ],
  ])("%s", (_name, options, same) => {
    expect(trained(options).fingerprint()).toBe(trained(same).fingerprint());
  });
});

describe("scope all", () => {
  const everyRow = Array.from({ length: 8 }, (_, i) => distinctBatch(new Random(seed + i), rows, dim, rows));

  test.each<[optimizer: Optimizer, more: Partial<TableOptions>]>([
    [{ type: "sgd", lr: 0.1, momentum: 0.9 }, {}],
    [{ type: "sgd", lr: 0.1, momentum: 0.9, nesterov: true }, { weightDecay: { rate: 0.1, type: "l2" } }],
    // So small that it is lost in the sum, wherever it is added.
    [{ type: "adam", eps: 1e-30 }, {}],
    [{ type: "adamw", eps: 1e-30 }, {}],
    [{ type: "rowwise-adam", eps: 1e-30 }, { weightDecay: { rate: 0.1, type: "l2" } }],
    [{ type: "rmsprop" }, { weightDecay: { rate: 0.1 } }],
    [{ type: "adagrad" }, { weightDecay: { rate: 0.1, type: "l2" } }],
    [{ type: "rowwise-adagrad" }, { weightDecay: { rate: 0.1, type: "l2" } }],
  ])(`is scope touched where every row is in every batch: %j %j (seed ${seed})`, (optimizer, more) => {
    const [all, touched] = (["all", "touched"] as const).map((scope) =>
      trained({ optimizer: { ...optimizer, scope } as Optimizer, ...more }, everyRow),
    ) as [EmbeddingTable, EmbeddingTable];
    expect(all.lookup(everyId(rows))).toEqual(touched.lookup(everyId(rows)));
  });
});

describe("a row that rests", () => {
  test.each<[optimizer: Optimizer, more: Partial<TableOptions>]>([
    [adamAll, {}],
    [{ ...adamAll, beta1: 0.2, beta2: 0.3 }, {}],
    [adamAll, { weightDecay: { rate: 0.1, type: "l2" } }],
    [{ type: "rowwise-adam", lr: 0.01, beta1: 0.2, scope: "all" }, {}],
    [{ type: "rmsprop", scope: "all" }, {}],
    [{ type: "adagrad", scope: "all" }, { weightDecay: { rate: 0.1, type: "l2" } }],
    [{ type: "rowwise-adagrad", scope: "all" }, { weightDecay: { rate: 0.1, type: "l2" } }],
  ])(`is one that has gradients of 0: %j %j (seed ${seed})`, (optimizer, more) => {
    const first = { ids: everyId(rows), gradients: gradientsFor(new Random(seed), rows, dim) };
    const busy = trained({ optimizer, ...more }, [first]);
    const resting = trained({ optimizer, ...more }, [first]);
    for (let step = 0; step < 200; step += 1) {
      busy.lr = step % 40 === 0 ? 0.02 : 0.01;
      resting.lr = busy.lr;
      busy.update(everyId(rows), new Float32Array(rows * dim));
      resting.update([], new Float32Array());
    }
    expect(resting.lookup(everyId(rows))).toEqual(busy.lookup(everyId(rows)));
  });
});

describe("rowwise-adam", () => {
  test(`is adam, to rounding, where all elements of gradients have one size (seed ${seed})`, () => {
    const random = new Random(seed);
    const signs = Array.from({ length: 12 }, () => {
      const { ids } = distinctBatch(random, rows, dim, 25);
      return { ids, gradients: signsFor(random, ids.length, dim, 0.3) };
    });
    const expected = trained({ optimizer: { type: "adam", lr: 0.02 } }, signs).lookup(everyId(rows));
    const table = trained({ optimizer: { type: "rowwise-adam", lr: 0.02 } }, signs);
    table.lookup(everyId(rows)).forEach((weight, i) => {
      // 12 steps of at most 0.02 * 3 each, whose roots and quotients are off by a few units in their last place.
      expect(Math.abs(weight - at(expected, i))).toBeLessThan(12 * 0.06 * 8 * 2 ** -24 + 12 * 2 ** -24);
    });
  });
});

describe("bias correction by tally", () => {
  test.each(["adam", "rowwise-adam"] as const)(
    `of %s is that by step for a row that occurs once in every batch (seed ${seed})`,
    (type) => {
      const once = Array.from({ length: 40 }, (_, i) => ({
        ids: Uint32Array.of(5),
        gradients: gradientsFor(new Random(seed + i), 1, dim),
      }));
      const expected = trained({ optimizer: { type, lr: 0.01 } }, once).lookup([5]);
      const table = trained({ optimizer: { type, lr: 0.01, biasCorrection: "tally" } }, once);
      // exp and log leave powers a few units in the last place of a float64 off, which 1 - 0.999 magnifies a thousand times; that is
      // still far below a float32's, so that steps differ by single roundings.
      table.lookup([5]).forEach((weight, d) => {
        expect(Math.abs(weight - at(expected, d))).toBeLessThan(40 * 2 ** -24 * (Math.abs(weight) + 0.1));
      });
    },
  );

  test("takes a row's first step in full whenever it comes, as the step's number does not", () => {
    const late = [...new Array<Batch>(50).fill({ ids: new Uint32Array(), gradients: new Float32Array() })];
    late.push({ ids: Uint32Array.of(5), gradients: new Float32Array(dim).fill(0.5) });
    const init = { type: "zeros" } as const;
    const byTally = trained({ init, optimizer: { type: "adam", lr: 0.01, biasCorrection: "tally" } }, late);
    // With one gradient m / sqrt(v) is its sign after correction.
    for (const weight of byTally.lookup([5])) {
      expect(Math.abs(weight + 0.01)).toBeLessThan(1e-7);
    }
    const byStep = trained({ init, optimizer: { type: "adam", lr: 0.01 } }, late);
    expect(Math.abs(at(byStep.lookup([5]), 0) + 0.01)).toBeGreaterThan(1e-3);
  });
});
