/**
 * Who takes part, and with which settings. Every rival has the settings that `tune.ts` found for it, on seeds the demo does not
 * use; `tallygrad` has none: it runs at its defaults. One rate serves both tables of the model, vectors and biases.
 */
import type { Optimizer } from "tallygrad";

/** For the synthetic click log, one pass of 300,000 examples in batches of 256. */
export const clickLogOptimizers: readonly Optimizer[] = [
  { type: "tallygrad" },
  { type: "sgd", lr: 0.005 },
  { type: "cf-sgd", lr: 0.2, maxLr: 0.02 },
  { type: "adagrad", lr: 0.02 },
  { type: "rowwise-adagrad", lr: 0.05, accumulator: 4 },
  { type: "adam", lr: 0.002 },
];

/** For MovieLens-1M, user and movie, at most ten epochs in batches of 1,024. */
export const movieLensOptimizers: readonly Optimizer[] = [
  { type: "tallygrad" },
  { type: "sgd", lr: 0.04 },
  { type: "cf-sgd", lr: 0.1, maxLr: 0.005, normalize: true },
  { type: "adagrad", lr: 0.04 },
  { type: "rowwise-adagrad", lr: 0.2, accumulator: 1 },
  { type: "adam", lr: 0.004 },
];

/** An optimizer's settings in words: `lr 0.05, accumulator 1`, or `defaults`. */
export function describeSettings(optimizer: Optimizer): string {
  const settings = Object.entries(optimizer).filter(([name]) => name !== "type");
  if (settings.length === 0) return "defaults";
  return settings.map(([name, value]) => (value === true ? name : `${name} ${value}`)).join(", ");
}

/** Whether a rule reads the tally, which every table keeps. */
export function readsTally({ type }: Optimizer): boolean {
  return type === "tallygrad" || type === "cf-sgd";
}
