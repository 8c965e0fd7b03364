/**
 * How good predictions are: logistic loss and the area under the ROC curve, both straight from logits, so that no probability
 * is ever rounded to 0 or 1.
 */
import { at } from "./at.js";

/** The loss -log p(label) of one example: log(1 + e^logit) - label * logit, written so that no logit overflows. */
export function logisticLoss(logit: number, label: number): number {
  return Math.max(logit, 0) - label * logit + Math.log1p(Math.exp(-Math.abs(logit)));
}

/** The mean loss of the examples. */
export function logLoss(logits: Float64Array, labels: Uint8Array): number {
  return logits.reduce((sum, logit, example) => sum + logisticLoss(logit, at(labels, example)), 0) / labels.length;
}

/**
 * The probability that a positive example ranks above a negative one, a tie counting half: the sum of the positives' ranks
 * (Mann and Whitney), tied examples sharing their mean rank. NaN if all labels are the same.
 */
export function auc(logits: Float64Array, labels: Uint8Array): number {
  const order = Uint32Array.from(logits, (_, example) => example).sort((a, b) => at(logits, a) - at(logits, b));
  let positives = 0;
  let rankSum = 0;
  for (let start = 0; start < order.length; ) {
    const end = endOfTie(logits, order, start);
    const positivesHere = order.subarray(start, end).reduce((sum, example) => sum + at(labels, example), 0);
    // Ranks count from 1: positions start to end - 1 hold ranks start + 1 to end.
    rankSum += positivesHere * ((start + 1 + end) / 2);
    positives += positivesHere;
    start = end;
  }
  const negatives = order.length - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** The position after the last example whose logit equals that of the example at `start`. */
function endOfTie(logits: Float64Array, order: Uint32Array, start: number): number {
  const logit = at(logits, at(order, start));
  let end = start + 1;
  while (end < order.length && at(logits, at(order, end)) === logit) end++;
  return end;
}
