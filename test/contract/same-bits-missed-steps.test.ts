/** Rows that rest for long, at learning rates that rise and fall: the oracle's bits however often they are flushed. */
import { describe, expect, test } from "vitest";
import type { Optimizer, Schedule, TableOptions, WeightDecay } from "../../index.js";
import { at } from "../oracle/at.js";
import { emptyBatch, everyId, gradientsFor, skewedBatch } from "./support/batches.js";
import { dressedCases } from "./support/dressed-cases.js";
import { Pair } from "./support/pair.js";
import { Random, seed } from "./support/random.js";
import type { RuleCase } from "./support/rule-cases.js";

const rows = 40;
const dim = 3;

/** Those of which a step reaches rows outside its batch. */
const reaching = dressedCases.filter(({ options }) => {
  const { optimizer, weightDecay } = options(rows);
  return weightDecay?.scope === "all" || (optimizer !== undefined && "scope" in optimizer && optimizer.scope === "all");
});

/** Learning rates for 90 steps: one for long, then falling, then another at every step, then back and forth, then high again. */
function rateAt(step: number): number {
  if (step <= 20) return 0.02;
  if (step <= 40) return 0.02 / (1 + Math.floor((step - 20) / 5));
  if (step <= 60) return 0.001 * (1 + ((step * 7) % 11));
  if (step <= 75) return step % 2 === 0 ? 0.004 : 0.003;
  return 0.1;
}

describe.each(reaching)("$name", ({ options }: RuleCase) => {
  const pairOf = (more: Partial<TableOptions> = {}): Pair => Pair.of({ rows, dim, ...options(rows), ...more });

  test.each([undefined, 50, 64])(`over 90 steps with a flush after step %s (seed ${seed})`, (flushAt) => {
    const random = new Random(seed);
    const pair = pairOf();
    for (let step = 1; step <= 90; step += 1) {
      pair.setLr(rateAt(step));
      pair.update(skewedBatch(random, rows, dim, 2));
      if (step === flushAt) {
        pair.flush();
      }
      if (step % 9 === 0) {
        pair.expectSameBits();
      }
    }
    pair.flush();
    pair.expectSameBits();
  });

  test(`after hundreds of empty batches, with weights of all sizes (seed ${seed})`, () => {
    const random = new Random(seed);
    const pair = pairOf();
    pair.update(skewedBatch(random, rows, dim, 60));
    // Steps that are lost in large weights at first may grow.
    const sizes = Float32Array.from(
      { length: rows * dim },
      () => (random.uniform() - 0.5) * 2 ** (random.below(28) - 12),
    );
    pair.setRows(everyId(rows), sizes);
    for (let step = 0; step < 700; step += 1) {
      pair.update(emptyBatch);
    }
    pair.expectSameBits();
    pair.update(skewedBatch(new Random(seed), rows, dim, 20));
    pair.expectSameBits();
  });

  test("with a padding row that does not move", () => {
    const pair = pairOf({ paddingId: 7, init: { type: "zeros" } });
    const random = new Random(seed);
    for (let step = 0; step < 4; step += 1) {
      pair.update(skewedBatch(random, rows, dim, 30));
      pair.setRows([7], new Float32Array(dim));
      pair.expectSameBits();
      pair.flush();
      pair.expectSameBits();
      pair.resetRows([7, 8]);
    }
    expect(pair.table.lookup([7])).toEqual(new Float32Array(dim));
  });
});

test("a padding row stays 0 where what a step leaves of a weight is below 0", () => {
  const optimizer = { type: "sgd", lr: 2.0000000000000036, scope: "all" } as const;
  const weightDecay = { rate: 0.4999999999999992, type: "l2", scope: "all" } as const;
  const pair = Pair.of({ rows: 4, dim: 4, optimizer, weightDecay, paddingId: 0 });
  pair.update(emptyBatch);
  pair.expectSameBits();
  expect(pair.table.lookup([0])).toEqual(new Float32Array(4));
  pair.flush();
  pair.expectSameBits();
  expect(pair.table.lookup([0])).toEqual(new Float32Array(4));
});

describe("products over runs, where weights and momentum cancel to their last bits", () => {
  const momentum: Optimizer = { type: "sgd", lr: 1, momentum: 0.9, scope: "all" };

  test.each<[name: string, optimizer: Optimizer, weightDecay?: WeightDecay]>([
    ["momentum", momentum],
    ["momentum, l2", momentum, { rate: 0.3, type: "l2" }],
    ["Nesterov, decoupled", { ...momentum, nesterov: true }, { rate: 0.3 }],
  ])(`%s (seed ${seed})`, (_name, optimizer, weightDecay) => {
    const gradients = gradientsFor(new Random(seed), rows, dim);
    const start = (weights: Float32Array, momenta: Float32Array): Pair => {
      const options = { rows, dim, optimizer, init: { type: "zeros" } } as const;
      const pair = Pair.of(weightDecay === undefined ? options : { ...options, weightDecay });
      pair.setLr(0);
      pair.update({ ids: everyId(rows), gradients: momenta });
      pair.setRows(everyId(rows), weights);
      return pair;
    };
    const rest = (pair: Pair): Float32Array => {
      for (let step = 0; step < 61; step += 1) {
        pair.setLr(0.02 + 0.001 * ((step * 7) % 11));
        pair.update(emptyBatch);
      }
      return pair.table.lookup(everyId(rows));
    };
    const zeros = new Float32Array(rows * dim);
    const ofMomenta = rest(start(zeros, gradients));
    const ofWeights = rest(
      start(
        zeros.map(() => 1),
        zeros,
      ),
    );
    const cancelling = start(
      ofMomenta.map((moved, i) => -moved / at(ofWeights, i)),
      gradients,
    );
    const left = rest(cancelling);
    expect(Math.max(...left.map(Math.abs))).toBeLessThan(1e-6 * Math.max(...ofMomenta.map(Math.abs)));
    cancelling.expectSameBits();
  });
});

// The fingerprint has each step's rate in float64.
test.each<Schedule>([
  { type: "constant", warmup: 77.7 },
  { type: "linear", steps: 211.5, end: 0.003 },
  { type: "cosine", steps: 307, warmup: 3, end: 0.01 },
  { type: "cosine", steps: 4096 },
  { type: "inverse-sqrt", warmup: 10 },
])("the rates of hundreds of steps, scheduled as %j", (schedule) => {
  const pair = Pair.of({ rows, dim, schedule, optimizer: { type: "sgd", lr: 0.1, momentum: 0.9, scope: "all" } });
  for (let step = 0; step < 320; step += 1) {
    pair.update(emptyBatch);
  }
  pair.expectSameBits();
});

test(`in rows of the largest dim, which take memory to catch up (seed ${seed})`, () => {
  const wide = { rows: 2, dim: 65_536 };
  const pair = Pair.of({ ...wide, init: { type: "zeros" }, optimizer: { type: "adam", scope: "all" }, dtype: "bf16" });
  pair.update({ ids: Uint32Array.of(1), gradients: gradientsFor(new Random(seed), 1, wide.dim) });
  pair.update(emptyBatch);
  pair.expectSameBits();
});
