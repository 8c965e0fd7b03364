/** The optimizers that are compared, each as a function of one learning rate. */
import { EmbeddingTable, type Optimizer } from "tallygrad";

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

/** The house rule as models have it: squared errors have the labels' scale, so their gradients are not to be held against a floor. */
const house: Readonly<Record<"logistic" | "squared", Optimizer & { lr: number }>> = {
  logistic: { type: "tallygrad", lr: 0.06, floor: 0.5 },
  squared: { type: "tallygrad", lr: 0.05 },
};

/** Settings that were chosen for comparisons, and where the search for their rates begins; other rules have their defaults. */
const chosen: Readonly<Record<string, Optimizer & { lr: number }>> = {
  "cf-sgd": { type: "cf-sgd", lr: 0.1, maxLr: 0.005, normalize: true },
  sgd: { type: "sgd", lr: 0.02 },
  adagrad: { type: "adagrad", lr: 0.02 },
  "rowwise-adagrad": { type: "rowwise-adagrad", lr: 0.05, accumulator: 1 },
  adam: { type: "adam", lr: 0.002 },
};

/** What is compared if nothing else is said. */
export const usualRules: readonly string[] = ["tallygrad", ...Object.keys(chosen)];

/** Where the search begins for a rule that has no rate by itself. */
const FIRST_RATE = 0.02;

/** The contestant that the name of a rule, or of a contestant above, stands for. Throws as `EmbeddingTable` does if there is no such rule, or it needs more than a rate. */
export function contestantNamed(name: string, loss: keyof typeof house): Contestant {
  if (name === "tallygrad") return { ...contestantOf(name, house[loss], house[loss].lr), standard: house[loss].lr };
  const rule = chosen[name];
  const known = rule === undefined ? contestants.find((contestant) => contestant.name === name) : undefined;
  if (known !== undefined) return known;
  const standard = defaultRate(name);
  const contestant = contestantOf(name, rule ?? ({ type: name } as Optimizer), rule?.lr ?? standard ?? FIRST_RATE);
  // A default rate goes with default settings.
  const isDefault = Object.keys(rule ?? {}).every((key) => key === "type" || key === "lr");
  return { ...contestant, ...(isDefault && standard !== undefined && { standard }) };
}

/** The rate that a rule has if none is given, if it has one: a table of one weight knows, so that nothing is listed here. */
function defaultRate(rule: string): number | undefined {
  const rateOf = (optimizer: object): number => {
    using table = new EmbeddingTable({ rows: 1, dim: 1, optimizer: optimizer as Optimizer });
    return table.lr;
  };
  try {
    return rateOf({ type: rule });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MISSING_OPTION")) throw error;
    rateOf({ type: rule, lr: FIRST_RATE });
    return undefined;
  }
}

/** An optimizer whose rate varies, and with it the cap on it. */
export function contestantOf(name: string, optimizer: Optimizer, start: number): Contestant {
  const cap = "maxLr" in optimizer && optimizer.maxLr !== undefined ? optimizer.maxLr / start : undefined;
  const settings = cap === undefined ? () => ({}) : (lr: number) => ({ maxLr: cap * lr });
  return { name, start, optimizer: (lr) => ({ ...optimizer, lr, ...settings(lr) }) as Optimizer };
}
