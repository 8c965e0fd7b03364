/**
 * Forty short lives of tables, each with the fingerprint it must end with: cases of every rule, then options of tables, at
 * shapes on both sides of the lanes' width. `test/oracle/write-fingerprints.ts` has the oracle live them and writes `fingerprints.json`.
 */
import type { Ids, TableOptions, UpdateOptions } from "../../../index.js";
import { at } from "../../oracle/at.js";
import { countedBatch, skewedBatch } from "./batches.js";
import { Random } from "./random.js";
import { type RuleCase, ruleCases } from "./rule-cases.js";

/** What a life needs of a table; the oracle has it as well. */
export interface LivingTable {
  lr: number;
  update(ids: Ids, gradients: Float32Array, options?: UpdateOptions): number;
  setRows(ids: Ids, values: Float32Array): void;
  resetRows(ids: Ids): void;
  fingerprint(): string;
}

export interface FingerprintCase {
  readonly name: string;
  readonly options: TableOptions;
}

const shapes = [
  { rows: 211, dim: 1 },
  { rows: 97, dim: 16 },
  { rows: 50, dim: 7 },
  { rows: 400, dim: 8 },
  { rows: 61, dim: 33 },
  { rows: 30, dim: 64 },
  { rows: 19, dim: 100 },
] as const;

/** Names of `ruleCases`. */
const rules = [
  "no optimizer",
  "tallygrad",
  "tallygrad, start 2.5, floor 0.7",
  "tallygrad, half-life 2.3",
  "sgd",
  "fa-sgd, maxLr",
  "cf-sgd",
  "cf-sgd, horizon 2.5, start 4, maxLr, mean, unit batch",
  "cf-sgd, half-life 30, unit batch",
  "cf-sgd, normalize, horizon 10, maxLr, half-life 4",
  "adagrad",
  "adagrad, accumulator 0.1, eps 0, mean",
  "rowwise-adagrad",
  "rowwise-adagrad, accumulator 0.3, eps 0, mean",
  "adam",
  "adam, own betas, mean, half-life 5",
  "momentum",
  "Nesterov, all, l2",
  "adamw",
  "adamw, all, rate 0.3",
  "rowwise-adam",
  "rmsprop",
  "rmsprop, all, decoupled",
  "ftrl, both lambdas",
  "tallygrad, l2, clipped by row",
  "rowwise-adagrad, clipped together",
  "tallygrad, bf16 at random",
  "adam, all, narrow at random",
];

const tableOptions: readonly [name: string, options: Partial<TableOptions>][] = [
  ["padding 3", { paddingId: 3 }],
  ["padding 0, adam", { paddingId: 0, optimizer: { type: "adam" } }],
  ["zeros", { init: { type: "zeros" }, optimizer: { type: "adagrad", accumulator: 0.5 } }],
  ["uniform 0.3, seed 2^53 - 1", { init: { type: "uniform", scale: 0.3 }, seed: 2 ** 53 - 1 }],
  ["normal 3, seed 2^32", { init: { type: "normal", scale: 3 }, seed: 2 ** 32 }],
  ["skip", { nonFinite: "skip" }],
  ["skip, rowwise-adagrad, mean", { nonFinite: "skip", optimizer: { type: "rowwise-adagrad" }, reduction: "mean" }],
  ["allow", { nonFinite: "allow", optimizer: { type: "cf-sgd", lr: 0.1, normalize: true } }],
  ["half-life 100, padding 7", { tally: { halfLife: 100 }, paddingId: 7 }],
  ["half-life 0.1, unit batch", { tally: { halfLife: 0.1, unit: "batch" }, optimizer: { type: "cf-sgd", lr: 0.2 } }],
  ["three threads", { threads: 3, optimizer: { type: "sgd", lr: 0.01 } }],
  ["weights that overflow", { optimizer: { type: "cf-sgd", lr: 3e38 }, nonFinite: "allow" }],
];

export const fingerprintCases: readonly FingerprintCase[] = [
  ...rules.map(caseNamed),
  ...tableOptions.map(([name, options]) => ({ name, options: () => options })),
].map(({ name, options }, index) => {
  const shape = at(shapes, index % shapes.length);
  return { name: `${name}, ${shape.rows} x ${shape.dim}`, options: { ...shape, ...options(shape.rows) } };
});

function caseNamed(name: string): RuleCase {
  const found = ruleCases.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no case ${name}`);
  return found;
}

/** Lives a life: steps large and small, hot rows, another rate where it may change, rows written and made new. Gives the last fingerprint. */
export function live(table: LivingTable, { rows, dim, paddingId, optimizer }: TableOptions): string {
  const random = new Random(rows * dim);
  const step = (count: number, options?: UpdateOptions): void => {
    const { ids, gradients } = skewedBatch(random, rows, dim, count);
    table.update(ids, gradients, options);
  };
  step(300);
  step(1);
  step(1500, { scale: 0.37 });
  const hot = countedBatch(random, [1, 256, 257, 600], dim);
  table.update(hot.ids, hot.gradients);
  if (optimizer?.type !== "ftrl") table.lr /= 3;
  step(0);
  const written = skewedBatch(random, rows, dim, 5);
  const ids = written.ids.filter((id) => id !== paddingId);
  table.setRows(ids, written.gradients.subarray(0, ids.length * dim));
  table.resetRows([rows - 1, 2]);
  step(200);
  return table.fingerprint();
}
