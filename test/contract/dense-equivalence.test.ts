/** Tables whose steps reach rows outside the batch, against optimizers that go over all rows at every step. */
import { expect, test } from "vitest";
import type { Optimizer, TableOptions, WeightDecay } from "../../index.js";
import { at } from "../oracle/at.js";
import { EmbeddingTable } from "./subject.js";
import { everyId } from "./support/batches.js";
import { type DenseRow, denseRule, denseStep } from "./support/dense.js";
import { expectSameElements } from "./support/pair.js";
import { Random, seed } from "./support/random.js";

const rows = 14;
const dim = 5;
const decoupled = { rate: 0.4, type: "decoupled", scope: "all" } as const;
const l2 = { rate: 0.3, type: "l2", scope: "all" } as const;
const momentum = { type: "sgd", lr: 0.02, momentum: 0.9, scope: "all" } as const;

type Case = [name: string, optimizer: Optimizer, weightDecay?: WeightDecay];

const cases: readonly Case[] = [
  ["momentum", momentum],
  ["momentum, decoupled", momentum, decoupled],
  ["momentum, l2", momentum, l2],
  ["Nesterov", { ...momentum, nesterov: true }],
  ["Nesterov, l2", { ...momentum, nesterov: true }, l2],
  ["Nesterov, decoupled", { ...momentum, nesterov: true }, decoupled],
  ["sgd, l2", { type: "sgd", lr: 0.05, scope: "all" }, l2],
  ["sgd, decoupled", { type: "sgd", lr: 0.05, scope: "touched" }, decoupled],
  ["fa-sgd, decoupled", { type: "fa-sgd", lr: 0.1, expectedCounts: new Float32Array(rows).fill(4) }, decoupled],
  ["ftrl, decoupled", { type: "ftrl", lr: 0.05, beta: 0.5, lambda2: 0.2 }, decoupled],
  ["cf-sgd, decoupled", { type: "cf-sgd", lr: 0.1 }, decoupled],
  ["tallygrad, decoupled", { type: "tallygrad" }, decoupled],
  ["tallygrad, start 2, floor 0.1, decoupled", { type: "tallygrad", lr: 0.1, start: 2, floor: 0.1 }, decoupled],
  ["adam", { type: "adam", lr: 0.01, scope: "all" }],
  ["adam, short memory", { type: "adam", lr: 0.01, beta1: 0.5, beta2: 0.9, scope: "all" }],
  ["adam, l2", { type: "adam", lr: 0.01, eps: 1e-3, scope: "all" }, l2],
  ["adamw", { type: "adamw", lr: 0.01, scope: "all" }, decoupled],
  ["rowwise-adam", { type: "rowwise-adam", lr: 0.01, scope: "all" }],
  ["rowwise-adam, l2", { type: "rowwise-adam", lr: 0.01, eps: 1e-3, scope: "all" }, l2],
  ["rowwise-adam, decoupled", { type: "rowwise-adam", lr: 0.01, beta1: 0.5, scope: "all" }, decoupled],
  ["rmsprop", { type: "rmsprop", lr: 0.01, scope: "all" }],
  ["rmsprop, l2", { type: "rmsprop", lr: 0.01, alpha: 0.9, eps: 1e-3, scope: "all" }, l2],
  ["rmsprop, decoupled", { type: "rmsprop", lr: 0.01, alpha: 0.9, scope: "all" }, decoupled],
  ["adagrad, l2", { type: "adagrad", lr: 0.05, scope: "all" }, l2],
  ["adagrad, decoupled", { type: "adagrad", lr: 0.05 }, decoupled],
  ["rowwise-adagrad, l2", { type: "rowwise-adagrad", lr: 0.05, scope: "all" }, l2],
  ["rowwise-adagrad, decoupled", { type: "rowwise-adagrad", lr: 0.05 }, decoupled],
];

/** Those that are replayed until their weights stand still, which takes more than a hundred steps that miss a row. */
const settling: readonly Case[] = [
  ["adam", { type: "adam", scope: "all" }],
  ["adam, lr 0.01", { type: "adam", lr: 0.01, scope: "all" }],
  ["adamw", { type: "adamw", lr: 0.01, scope: "all" }, decoupled],
  ["rowwise-adam", { type: "rowwise-adam", lr: 0.01, scope: "all" }],
  ["rowwise-adam, decoupled", { type: "rowwise-adam", lr: 0.01, scope: "all" }, decoupled],
];

/** How a run goes. */
interface Course {
  readonly steps: number;
  /** The rate at step t, as a factor. */
  factor(t: number): number;
  /** The number of rows, the first ones, that step t draws from. */
  drawn(t: number): number;
  /** After which steps the table is flushed. */
  readonly flushes: readonly number[];
  /** Every first weight, if it is not the table's own. */
  readonly first?: number;
}

/** A rate that stays, falls, jumps; the last rows are rare, and the very last is never there. */
const short: Course = {
  steps: 90,
  factor: (t) => (t < 30 ? 1 : t < 60 ? 30 / t : t % 7 === 0 ? 1.5 : 0.5),
  drawn: () => rows - 1,
  flushes: [],
};

/** Half of the rows rest for 190 steps, and come back. */
const long: Course = {
  steps: 310,
  factor: (t) => (t < 150 ? 1 : 150 / t),
  drawn: (t) => (t > 100 && t <= 290 ? rows / 2 : rows),
  flushes: [],
};

test.each(cases)(`%s is what a dense loop makes, looked up or not (seed ${seed})`, (_, optimizer, weightDecay) => {
  follow(optimizer, weightDecay, short);
});

test.each(cases)(`%s is that, too, if it is flushed and goes on (seed ${seed})`, (_, optimizer, weightDecay) => {
  follow(optimizer, weightDecay, { ...short, flushes: [1, 37, 38, 71] });
});

test.each(settling)(`%s is that after rests that end its replay early (seed ${seed})`, (_, optimizer, weightDecay) => {
  follow(optimizer, weightDecay, long);
  follow(optimizer, weightDecay, { ...long, flushes: [260] });
});

test(`adam's weights stand still after a rest of some hundred steps, so that a replay may end (seed ${seed})`, () => {
  const seen: Float32Array[] = [];
  // Weights around 1 stand still long before those around 0 do.
  follow({ type: "adam", lr: 0.01, scope: "all" }, undefined, { ...long, first: 1 }, (table, t) => {
    if (t === 104 || t === 264 || t === 288) seen.push(table.lookup([rows / 2, rows - 2]));
  });
  const [early, late, later] = seen as [Float32Array, Float32Array, Float32Array];
  expectSameElements("weight", later, late);
  expect(late).not.toEqual(early);
});

/** Takes the course's steps with a table and a dense loop, which are near each other throughout. */
function follow(
  optimizer: Optimizer,
  weightDecay: WeightDecay | undefined,
  { steps, factor, drawn, flushes, first }: Course,
  look?: (table: EmbeddingTable, t: number) => void,
): void {
  const random = new Random(seed);
  const options: TableOptions = { rows, dim, optimizer, ...(weightDecay === undefined ? {} : { weightDecay }) };
  if (first !== undefined) {
    options.init = new Float32Array(rows * dim).fill(first);
  }
  using table = new EmbeddingTable(options);
  const { lr } = table;
  const dense = Array.from({ length: rows }, (_, id) => newRow(table.lookup([id])));
  const rule = denseRule(optimizer);
  let squares = 0;
  let elements = 0;

  for (let t = 1; t <= steps; t += 1) {
    if (optimizer.type !== "ftrl") {
      table.lr = lr * factor(t);
    }
    const ids = Array.from({ length: 3 }, () => Math.floor(drawn(t) * random.uniform() ** 3));
    const gradients = Float32Array.from({ length: ids.length * dim }, () => random.uniform() - 0.5);
    table.update(ids, gradients);
    squares += gradients.reduce((sum, x) => sum + x * x, 0);
    elements += gradients.length;
    dense.forEach((row, id) => {
      const n = ids.filter((other) => other === id).length;
      row.tally += n;
      const g = gradientOf(id, ids, gradients);
      denseStep(row, rule, weightDecay, { lr: table.lr, t, n, meanSquare: squares / elements, g });
    });
    if (flushes.includes(t)) {
      expectFlushChangesNothing(table);
    }
    if (t % 8 === 0) {
      expectNear(table, dense);
      look?.(table, t);
    }
  }

  expectNear(table, dense);
  expectFlushChangesNothing(table);
}

function expectFlushChangesNothing(table: EmbeddingTable): void {
  const before = table.lookup(everyId(rows));
  table.flush();
  expectSameElements("weight", table.lookup(everyId(rows)), before);
}

function newRow(weights: Float32Array): DenseRow {
  const zeros = (): Float64Array => new Float64Array(dim);
  return { w: Float64Array.from(weights), m: zeros(), v: zeros(), reach: zeros(), stray: zeros(), tally: 0 };
}

function gradientOf(id: number, ids: readonly number[], gradients: Float32Array): Float64Array {
  const sum = new Float64Array(dim);
  ids.forEach((other, i) => {
    if (other === id) {
      sum.forEach((element, d) => {
        sum[d] = element + at(gradients, i * dim + d);
      });
    }
  });
  return sum;
}

/** Every weight is as near as float32 lets it be, and reading them writes nothing. */
function expectNear(table: EmbeddingTable, dense: readonly DenseRow[]): void {
  const fingerprint = table.fingerprint();
  dense.forEach((row, id) => {
    table.lookup([id]).forEach((weight, d) => {
      const stray = at(row.stray, d);
      expect(Math.abs(weight - at(row.w, d)), `row ${id}, element ${d}`).toBeLessThanOrEqual(stray);
    });
  });
  table.rates(everyId(rows));
  expect(table.fingerprint()).toBe(fingerprint);
}
