/**
 * Forty short lives of tables, each with the fingerprint it must end with: every rule that steps the rows of a batch with its options, then options of tables, at
 * shapes on both sides of the lanes' width. `test/oracle/write-fingerprints.ts` has the oracle live them and writes `fingerprints.json`.
 */
import type { Ids, TableOptions, UpdateOptions } from "../../../index.js";
import { at } from "../../oracle/at.js";
import { countedBatch, skewedBatch } from "./batches.js";
import { Random } from "./random.js";
import { plainCases } from "./rule-cases.js";

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
  ["cap below every rate", { optimizer: { type: "cf-sgd", lr: 5, maxLr: 1e-4 } }],
  ["weights that overflow", { optimizer: { type: "cf-sgd", lr: 3e38 }, nonFinite: "allow" }],
];

export const fingerprintCases: readonly FingerprintCase[] = [
  ...plainCases.map(({ name, options }) => ({ name, options })),
  ...tableOptions.map(([name, options]) => ({ name, options: () => options })),
].map(({ name, options }, index) => {
  const shape = at(shapes, index % shapes.length);
  return { name: `${name}, ${shape.rows} x ${shape.dim}`, options: { ...shape, ...options(shape.rows) } };
});

/** Lives a life: steps large and small, hot rows, another rate, rows written and made new. Gives the last fingerprint. */
export function live(table: LivingTable, { rows, dim, paddingId }: TableOptions): string {
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
  table.lr /= 3;
  step(0);
  const written = skewedBatch(random, rows, dim, 5);
  const ids = written.ids.filter((id) => id !== paddingId);
  table.setRows(ids, written.gradients.subarray(0, ids.length * dim));
  table.resetRows([rows - 1, 2]);
  step(200);
  return table.fingerprint();
}
