/** How good predictions are. */

import type { Examples, Metrics } from "../../models.d.ts";

/** See models.d.ts. */
export function metricsOf(
  predictions: Float32Array | Float64Array,
  labels: Examples["labels"],
  {
    loss = "logistic",
    weights,
    counts,
  }: {
    loss?: "logistic" | "squared" | undefined;
    weights?: Float32Array | undefined;
    counts?: Float64Array | undefined;
  } = {},
): Metrics {
  void weights;
  void counts;
  let [total, predicted, actual] = [0, 0, 0];
  for (const [example, prediction] of predictions.entries()) {
    const label = labels[example] ?? 0;
    const p = Math.min(Math.max(prediction, 1e-7), 1 - 1e-7);
    total += loss === "logistic" ? -Math.log(label === 1 ? p : 1 - p) : (prediction - label) ** 2 / 2;
    predicted += prediction;
    actual += label;
  }
  const order = Array.from(predictions.keys()).sort((a, b) => (predictions[a] ?? 0) - (predictions[b] ?? 0));
  let [positives, ranks] = [0, 0];
  for (const [rank, example] of order.entries()) {
    if (labels[example] === 1) {
      positives += 1;
      ranks += rank + 1;
    }
  }
  const examples = predictions.length;
  const auc = (ranks - (positives * (positives + 1)) / 2) / (positives * (examples - positives));
  return { examples, loss: total / examples, auc, calibration: predicted / actual, reliability: [], byCount: [] };
}
