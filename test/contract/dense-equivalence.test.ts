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
const steps = 90;

const decoupled = { rate: 0.4, type: "decoupled", scope: "all" } as const;
const l2 = { rate: 0.3, type: "l2", scope: "all" } as const;
const momentum = { type: "sgd", lr: 0.02, momentum: 0.9, scope: "all" } as const;

const cases: readonly [name: string, optimizer: Optimizer, weightDecay?: WeightDecay][] = [
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

/** The rate as the steps go: it stays, it falls, it jumps. */
function factorAt(t: number): number {
  return t < 30 ? 1 : t < 60 ? 30 / t : t % 7 === 0 ? 1.5 : 0.5;
}

test.each(cases)(`%s is what a dense loop makes, looked up or not (seed ${seed})`, (_name, optimizer, weightDecay) => {
  const random = new Random(seed);
  const options: TableOptions = { rows, dim, optimizer, ...(weightDecay === undefined ? {} : { weightDecay }) };
  const table = new EmbeddingTable(options);
  const { lr } = table;
  const dense = Array.from({ length: rows }, (_, id) => newRow(table.lookup([id])));
  const rule = denseRule(optimizer);

  for (let t = 1; t <= steps; t += 1) {
    if (optimizer.type !== "ftrl") {
      table.lr = lr * factorAt(t);
    }
    // The last rows are rare, and the very last is never there.
    const ids = Array.from({ length: 3 }, () => Math.floor((rows - 1) * random.uniform() ** 3));
    const gradients = Float32Array.from({ length: ids.length * dim }, () => random.uniform() - 0.5);
    table.update(ids, gradients);
    dense.forEach((row, id) => {
      row.tally += ids.filter((other) => other === id).length;
      denseStep(row, rule, weightDecay, { lr: table.lr, t, g: gradientOf(id, ids, gradients) });
    });
    if (t % 8 === 0) {
      expectNear(table, dense);
    }
  }

  const before = table.lookup(everyId(rows));
  expectNear(table, dense);
  table.flush();
  expectSameElements("weight", table.lookup(everyId(rows)), before);
});

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
