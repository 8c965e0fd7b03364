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
import { type CurvePoint, type OnProgress, type Recipe, train } from "./training.js";

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

export async function run(data: Dataset, optimizer: Optimizer, recipe: Recipe, onProgress: OnProgress): Promise<Run> {
  const { model, curve, examplesPerSecond } = await train(data, optimizer, recipe, onProgress);
  const logits = model.predict(data.test);
  const { memory, rows, lr } = model.vectors;
  const result = {
    optimizer,
    lr,
    logLoss: logLoss(logits, data.test.labels),
    auc: auc(logits, data.test.labels),
    examplesPerSecond,
    stateBytesPerRow: (memory.state + (readsTally(optimizer) ? memory.tallies : 0)) / rows,
    buckets: measureBuckets(model, data),
    curve,
    rates: sampleRates(model.vectors),
  };
  model.dispose();
  return result;
}
