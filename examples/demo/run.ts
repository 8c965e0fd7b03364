/**
 * One contestant's run: trains a model with an optimizer, measures it on the test examples, and keeps only figures, so that six
 * runs never hold more than one model in memory.
 */
import type { Optimizer } from "tallygrad";
import { type Bucket, measureBuckets } from "./buckets.js";
import type { Dataset } from "./dataset.js";
import { auc, logLoss } from "./metrics.js";
import { readsTally } from "./optimizers.js";
import { type RateSamples, sampleRates } from "./rate-samples.js";
import type { Recipe } from "./recipes.js";
import { type CurvePoint, type OnProgress, train } from "./training.js";

export interface Run {
  readonly optimizer: Optimizer;
  /** The rate it ran at, given or default. */
  readonly lr: number;
  /** On the test examples. */
  readonly logLoss: number;
  /** On the test examples. */
  readonly auc: number;
  readonly examplesPerSecond: number;
  /**
   * What the rule needs beside the weights, a row of the vector table: its state, and the 4 bytes of the tally if it reads it.
   * (Every table keeps tallies; a rule that ignores them is not charged.)
   */
  readonly stateBytesPerRow: number;
  readonly buckets: readonly Bucket[];
  readonly curve: readonly CurvePoint[];
  readonly rates: RateSamples;
}

/** Above this mean loss predictions are worse than noise: twice a coin's. */
const divergedLoss = 2 * Math.LN2;

/** Returns null if training diverged. */
export async function run(
  data: Dataset,
  optimizer: Optimizer,
  recipe: Recipe,
  onProgress: OnProgress,
): Promise<Run | null> {
  const training = await train(data, optimizer, recipe, onProgress);
  if (!training) return null;
  const { model, curve, examplesPerSecond } = training;
  const logits = model.predict(data.test);
  const loss = logLoss(logits, data.test.labels);
  const { memory, rows, lr } = model.vectors;
  const result: Run = {
    optimizer,
    lr,
    logLoss: loss,
    auc: auc(logits, data.test.labels),
    examplesPerSecond,
    stateBytesPerRow: (memory.state + (readsTally(optimizer) ? memory.tallies : 0)) / rows,
    buckets: measureBuckets(model, data),
    curve,
    rates: sampleRates(model.vectors),
  };
  model.dispose();
  return loss < divergedLoss ? result : null;
}
