/** How each kind of data is trained on: the settings that every optimizer shares. */
import type { TableOptions } from "tallygrad";
import type { Dataset } from "./dataset.js";

/** How to train, whatever the optimizer. */
export interface Recipe {
  /** Weights a vector. */
  readonly dim: number;
  /** Examples a batch. */
  readonly batch: number;
  /** The most passes over the training examples. */
  readonly epochs: number;
  /** Seed of first weights and of the order of examples. */
  readonly seed: number;
  /** How the tables' numbers are stored. Default: as float32. */
  readonly storage?: Pick<TableOptions, "dtype" | "stateDtype" | "rounding">;
}

export const clickLogTrainExamples = 300_000;
export const clickLogTestExamples = 100_000;

/**
 * A log gets one pass in batches of 256, with vectors of 8 like those that were planted: at 300,000 examples every optimizer
 * does better with 8 than with 16. Data with validation examples gets vectors of 16, batches of 1,024, and up to ten epochs.
 */
export function recipeFor(data: Dataset, seed: number, batch?: number): Recipe {
  return data.validation
    ? { dim: 16, batch: batch ?? 1024, epochs: 10, seed }
    : { dim: 8, batch: batch ?? 256, epochs: 1, seed };
}
