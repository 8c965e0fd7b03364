/**
 * How good predictions are: logistic loss and the area under the ROC curve, both straight from logits, so that no probability
 * is ever rounded to 0 or 1.
 */

/** The loss -log p(label) of one example: log(1 + e^logit) - label * logit, written so that no logit overflows. */
export function logisticLoss(logit: number, label: number): number {
  return Math.max(logit, 0) - label * logit + Math.log1p(Math.exp(-Math.abs(logit)));
}

/** The mean loss of the examples. */
export function logLoss(logits: Float64Array, labels: Uint8Array): number {
  let sum = 0;
  for (let example = 0; example < labels.length; example++) sum += logisticLoss(logits[example], labels[example]);
  return sum / labels.length;
}

/**
 * The probability that a positive example ranks above a negative one, a tie counting half: the sum of the positives' ranks
 * (Mann and Whitney), tied examples sharing their mean rank. NaN if all labels are the same.
 */
export function auc(logits: Float64Array, labels: Uint8Array): number {
  const order = Uint32Array.from(logits, (_, example) => example).sort((a, b) => logits[a] - logits[b]);
  let positives = 0;
  let rankSum = 0;
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    let positivesHere = labels[order[start]];
    while (end < order.length && logits[order[end]] === logits[order[start]]) positivesHere += labels[order[end++]];
    // Ranks count from 1: positions start to end - 1 hold ranks start + 1 to end.
    rankSum += positivesHere * ((start + 1 + end) / 2);
    positives += positivesHere;
    start = end;
  }
  const negatives = order.length - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}
