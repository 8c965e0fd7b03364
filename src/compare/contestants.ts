/** The optimizers that are compared, each as a function of one learning rate. */
import type { Optimizer } from "tallygrad";

export interface Contestant {
  name: string;
  /** Where the search for its rate begins. */
  start: number;
  /** Whether it is run at its default rate as well, which is this. */
  standard?: number;
  /** Whether its rate is searched for. Default true. */
  search?: boolean;
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

/** What docs/results.md compares. */
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

/** What rules are compared with if only their names are given. The rate is where the search begins. */
const rules: Readonly<Record<string, Optimizer & { lr: number }>> = {
  tallygrad: { type: "tallygrad", lr: 0.06, floor: 0.5 },
  "cf-sgd": { type: "cf-sgd", lr: 0.1, maxLr: 0.005, normalize: true },
  sgd: { type: "sgd", lr: 0.02 },
  adagrad: { type: "adagrad", lr: 0.02 },
  "rowwise-adagrad": { type: "rowwise-adagrad", lr: 0.05, accumulator: 1 },
  adam: { type: "adam", lr: 0.002 },
  "rowwise-adam": { type: "rowwise-adam", lr: 0.002 },
  rmsprop: { type: "rmsprop", lr: 0.002 },
  ftrl: { type: "ftrl", lr: 0.05 },
};

/** Rates of rules that have a default of their own, which the search starts at as well. */
const standards: Readonly<Record<string, number>> = { tallygrad: 0.06, adagrad: 0.01, adam: 0.001 };

export const ruleNames: readonly string[] = [...Object.keys(rules), "fa-sgd"];
export const usualRules: readonly string[] = ["tallygrad", "cf-sgd", "sgd", "adagrad", "rowwise-adagrad", "adam"];

/** The contestant that a rule's name stands for, if it stands for one. */
export function contestantNamed(name: string, loss: "logistic" | "squared"): Contestant | undefined {
  // As models have it: squared errors have the labels' scale, so their gradients are not to be held against a floor.
  if (name === "tallygrad" && loss === "squared") {
    return { ...contestantOf(name, { type: "tallygrad" }, 0.05), standard: 0.05 };
  }
  const rule = rules[name];
  if (rule === undefined) return contestants.find((contestant) => contestant.name === name);
  const standard = standards[name];
  return { ...contestantOf(name, rule, rule.lr), ...(standard !== undefined && { standard }) };
}

/** An optimizer whose rate varies, and with it the cap on it. */
export function contestantOf(name: string, optimizer: Optimizer, start: number): Contestant {
  const cap = "maxLr" in optimizer && optimizer.maxLr !== undefined ? optimizer.maxLr / start : undefined;
  const settings = cap === undefined ? () => ({}) : (lr: number) => ({ maxLr: cap * lr });
  return { name, start, optimizer: (lr) => ({ ...optimizer, lr, ...settings(lr) }) as Optimizer };
}
