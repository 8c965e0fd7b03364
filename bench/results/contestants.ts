/** The optimizers that results compare, each as a function of one learning rate. */
import type { Optimizer } from "tallygrad";

export interface Contestant {
  name: string;
  /** Where the search for its rate begins. */
  start: number;
  /** Whether it is run at its default rate as well, which is this. */
  standard?: number;
  optimizer(rate: number, run: RunLength): Optimizer;
}

/** What rules with a horizon must know. */
export interface RunLength {
  steps: number;
  /** Occurrences of each row in all steps. */
  expectedCounts: () => Float64Array;
}

/** The part of the rate that `cf-sgd` and `fa-sgd` are capped at. */
const CAP = 1 / 20;

export const contestants: readonly Contestant[] = [
  { name: "tallygrad", start: 0.05, standard: 0.05, optimizer: (lr) => ({ type: "tallygrad", lr }) },
  {
    name: "tallygrad, floor 0.5",
    start: 0.06,
    standard: 0.06,
    optimizer: (lr) => ({ type: "tallygrad", lr, floor: 0.5 }),
  },
  {
    name: "cf-sgd, normalised, capped",
    start: 0.1,
    optimizer: (lr) => ({ type: "cf-sgd", lr, maxLr: lr * CAP, normalize: true }),
  },
  {
    name: "cf-sgd, normalised, horizon",
    start: 0.1,
    optimizer: (lr, { steps }) => ({ type: "cf-sgd", lr, horizon: steps, maxLr: lr * CAP, normalize: true }),
  },
  { name: "cf-sgd, capped", start: 0.2, optimizer: (lr) => ({ type: "cf-sgd", lr, maxLr: lr * CAP }) },
  {
    name: "cf-sgd, horizon",
    start: 0.2,
    optimizer: (lr, { steps }) => ({ type: "cf-sgd", lr, horizon: steps, maxLr: lr * CAP }),
  },
  {
    name: "fa-sgd",
    start: 0.2,
    optimizer: (lr, { expectedCounts }) => ({
      type: "fa-sgd",
      lr,
      expectedCounts: expectedCounts(),
      maxLr: lr * CAP,
    }),
  },
  { name: "sgd", start: 0.02, optimizer: (lr) => ({ type: "sgd", lr }) },
  { name: "adagrad", start: 0.02, standard: 0.01, optimizer: (lr) => ({ type: "adagrad", lr }) },
  {
    name: "adagrad, accumulator 1",
    start: 0.05,
    optimizer: (lr) => ({ type: "adagrad", lr, accumulator: 1 }),
  },
  {
    name: "rowwise-adagrad, accumulator 1",
    start: 0.05,
    optimizer: (lr) => ({ type: "rowwise-adagrad", lr, accumulator: 1 }),
  },
  { name: "adam", start: 0.002, standard: 0.001, optimizer: (lr) => ({ type: "adam", lr }) },
];
