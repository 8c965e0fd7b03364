/**
 * The oracle: the planted model's own logits as predictions. No learner can be expected to do better on a synthetic log, and the
 * distance to it is what optimizers differ by. It is told apart from the runs everywhere, since it learned nothing.
 */
import { at } from "./at.js";
import { type BucketLoss, measureBucketLosses } from "./buckets.js";
import type { Dataset, Examples } from "./dataset.js";
import { auc, logisticLoss, logLoss } from "./metrics.js";
import type { CurvePoint } from "./training.js";

export interface Oracle {
  /** On the test examples. */
  readonly logLoss: number;
  /** On the test examples. */
  readonly auc: number;
  readonly buckets: readonly BucketLoss[];
}

/** Null for data that nobody planted. */
export function measureOracle(data: Dataset): Oracle | null {
  const { trueLogits, labels } = data.test;
  if (!trueLogits) return null;
  return {
    logLoss: logLoss(trueLogits, labels),
    auc: auc(trueLogits, labels),
    buckets: measureBucketLosses(data, trueLogits),
  };
}

/** A curve of a single pass with the oracle's loss on the same examples taken off: what is left is what was not learned yet. */
export function aboveOracle(curve: readonly CurvePoint[], train: Examples): CurvePoint[] | null {
  const { trueLogits, labels } = train;
  if (!trueLogits) return null;
  let start = 0;
  return curve.map(({ examples: end, logLoss: loss }) => {
    let sum = 0;
    for (let example = start; example < end; example++)
      sum += logisticLoss(at(trueLogits, example), at(labels, example));
    const difference = loss - sum / (end - start);
    start = end;
    return { examples: end, logLoss: difference };
  });
}
