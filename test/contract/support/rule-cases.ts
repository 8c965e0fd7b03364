/**
 * Every rule with each of its options at work: the cases that bit-for-bit tests run through.
 */
import type { TableOptions } from "../../../index.js";
import { dressedCases } from "./dressed-cases.js";

export interface RuleCase {
  readonly name: string;
  /** The optimizer and the options that belong to the case, for a table of `rows` rows. */
  readonly options: (rows: number) => Omit<TableOptions, "rows" | "dim" | "paddingId" | "threads" | "backend">;
}

/** Expectations between 0 and 40, some of them 0 and some fractional. */
export function expectations(rows: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, id) => ((id * 7) % 81) / 2);
}

/** Rules that step the rows of a batch, by themselves. */
export const plainCases: readonly RuleCase[] = [
  { name: "no optimizer", options: () => ({}) },
  { name: "tallygrad", options: () => ({ optimizer: { type: "tallygrad" } }) },
  { name: "tallygrad, start 0", options: () => ({ optimizer: { type: "tallygrad", lr: 0.3, start: 0 } }) },
  {
    name: "tallygrad, start 2.5, floor 0.7",
    options: () => ({ optimizer: { type: "tallygrad", start: 2.5, floor: 0.7 } }),
  },
  { name: "tallygrad, half-life 2.3", options: () => ({ optimizer: { type: "tallygrad" }, tally: { halfLife: 2.3 } }) },
  { name: "sgd", options: () => ({ optimizer: { type: "sgd", lr: 0.1 } }) },
  { name: "sgd, mean", options: () => ({ optimizer: { type: "sgd", lr: 0.1 }, reduction: "mean" }) },
  {
    name: "sgd, half-life 1",
    options: () => ({ optimizer: { type: "sgd", lr: 0.1 }, tally: { halfLife: 1, unit: "occurrence" } }),
  },
  {
    name: "fa-sgd",
    options: (rows) => ({
      optimizer: { type: "fa-sgd", lr: 0.2, expectedCounts: expectations(rows).map((count) => count + 0.5) },
    }),
  },
  {
    name: "fa-sgd, maxLr",
    options: (rows) => ({ optimizer: { type: "fa-sgd", lr: 0.2, maxLr: 0.05, expectedCounts: expectations(rows) } }),
  },
  {
    name: "fa-sgd, maxLr, mean, unit batch",
    options: (rows) => ({
      optimizer: { type: "fa-sgd", lr: 0.2, maxLr: 0.05, expectedCounts: [...expectations(rows)] },
      reduction: "mean",
      tally: { unit: "batch" },
    }),
  },
  { name: "cf-sgd", options: () => ({ optimizer: { type: "cf-sgd", lr: 0.3 } }) },
  { name: "cf-sgd, maxLr", options: () => ({ optimizer: { type: "cf-sgd", lr: 0.3, maxLr: 0.11 } }) },
  { name: "cf-sgd, start 1.5", options: () => ({ optimizer: { type: "cf-sgd", lr: 0.3, start: 1.5 } }) },
  { name: "cf-sgd, horizon 3", options: () => ({ optimizer: { type: "cf-sgd", lr: 0.3, horizon: 3 } }) },
  {
    name: "cf-sgd, horizon 2.5, start 4, maxLr, mean, unit batch",
    options: () => ({
      optimizer: { type: "cf-sgd", lr: 0.3, horizon: 2.5, start: 4, maxLr: 0.09 },
      reduction: "mean",
      tally: { unit: "batch" },
    }),
  },
  {
    name: "cf-sgd, half-life 0.7",
    options: () => ({ optimizer: { type: "cf-sgd", lr: 0.3 }, tally: { halfLife: 0.7 } }),
  },
  {
    name: "cf-sgd, half-life 30, unit batch",
    options: () => ({ optimizer: { type: "cf-sgd", lr: 0.3 }, tally: { halfLife: 30, unit: "batch" } }),
  },
  { name: "cf-sgd, normalize", options: () => ({ optimizer: { type: "cf-sgd", lr: 0.3, normalize: true } }) },
  {
    name: "cf-sgd, normalize, horizon 10, maxLr, half-life 4",
    options: () => ({
      optimizer: { type: "cf-sgd", lr: 0.3, maxLr: 0.11, horizon: 10, normalize: true },
      tally: { halfLife: 4 },
    }),
  },
  { name: "adagrad", options: () => ({ optimizer: { type: "adagrad" } }) },
  {
    name: "adagrad, accumulator 0.1, eps 0, mean",
    options: () => ({ optimizer: { type: "adagrad", lr: 0.2, accumulator: 0.1, eps: 0 }, reduction: "mean" }),
  },
  { name: "rowwise-adagrad", options: () => ({ optimizer: { type: "rowwise-adagrad" } }) },
  {
    name: "rowwise-adagrad, accumulator 0.3, eps 0, mean",
    options: () => ({ optimizer: { type: "rowwise-adagrad", lr: 0.2, accumulator: 0.3, eps: 0 }, reduction: "mean" }),
  },
  { name: "adam", options: () => ({ optimizer: { type: "adam" } }) },
  {
    name: "adam, own betas, mean, half-life 5",
    options: () => ({
      optimizer: { type: "adam", lr: 0.02, beta1: 0.3, beta2: 0.7, eps: 1e-3, scope: "touched" },
      reduction: "mean",
      tally: { halfLife: 5 },
    }),
  },
  { name: "adam, betas 0", options: () => ({ optimizer: { type: "adam", lr: 0.02, beta1: 0, beta2: 0 } }) },
];

export const ruleCases: readonly RuleCase[] = [...plainCases, ...dressedCases];
