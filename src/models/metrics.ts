/**
 * How good predictions are: loss, the area under the ROC curve, calibration. All sums are float64, in the order of the examples or of rising predictions.
 */

import type { Examples, Metrics, MetricsOptions } from "../../models.d.ts";
import { isArray } from "../arguments.js";
import { coded, shown } from "../errors.js";
import { checkNames, choice } from "../options.js";
import { ascending } from "./ascending.js";

type Predictions = Float32Array | Float64Array;
type Labels = Examples["labels"];

const GROUPS = 10;

/**
 * Half a unit below 1, and half of the least number above 0: what rounds to exactly 1 is no further from it, and what rounds to 0 no higher. The
 * half of float64's least number is none; the number itself is what comes next.
 */
const ROUNDED_AWAY = {
  Float32Array: { below1: 2 ** -25, above0: 2 ** -150 },
  Float64Array: { below1: 2 ** -54, above0: 2 ** -1074 },
};

/** What there is without counts. */
type Plain = Omit<Metrics, "byCount">;

/** See models.d.ts. */
export function metricsOf(
  predictions: Predictions,
  labels: Labels,
  options: MetricsOptions & { counts: Float64Array },
): Metrics;
export function metricsOf(predictions: Predictions, labels: Labels, options?: MetricsOptions): Plain;
export function metricsOf(predictions: Predictions, labels: Labels, options: MetricsOptions = {}): Metrics | Plain {
  checkNames("options", options, ["loss", "weights", "counts"]);
  const isLogistic = choice("loss", options.loss, ["logistic", "squared"]) === "logistic";
  const { weights, counts } = options;
  checkPredictions(predictions, isLogistic);
  checkLabels(labels, predictions.length, isLogistic);
  if (weights !== undefined) checkAmounts("weights", weights, "Float32Array", predictions.length);
  if (counts !== undefined) checkAmounts("counts", counts, "Float64Array", predictions.length);
  const scored: Scored = {
    ...{ predictions, labels, weights, isLogistic },
    losses: isLogistic ? logLosses(predictions, labels) : squaredLosses(predictions, labels),
  };
  const all = ascending(predictions);
  const { loss, prediction, label } = meansOf(scored, all);
  const metrics: Plain = {
    examples: predictions.length,
    loss,
    auc: aucOf(scored, all),
    calibration: prediction / label,
    reliability: reliabilityOf(scored, all),
  };
  return counts === undefined ? metrics : { ...metrics, byCount: byCountOf(scored, all, counts) };
}

/** Predictions with what they are measured by. */
interface Scored {
  predictions: Predictions;
  labels: Labels;
  weights: Float32Array | undefined;
  losses: Float64Array;
  isLogistic: boolean;
}

/** -log of the probability that was given to the label. */
function logLosses(predictions: Predictions, labels: Labels): Float64Array {
  const { below1, above0 } = ROUNDED_AWAY[isArray(predictions, "Float32Array") ? "Float32Array" : "Float64Array"];
  const losses = new Float64Array(predictions.length);
  for (let example = 0; example < losses.length; example++) {
    const probability = predictions[example] ?? 0;
    if (labels[example] === 1) losses[example] = -Math.log(probability === 0 ? above0 : probability);
    else losses[example] = probability === 1 ? -Math.log(below1) : -Math.log1p(-probability);
  }
  return losses;
}

function squaredLosses(predictions: Predictions, labels: Labels): Float64Array {
  const losses = new Float64Array(predictions.length);
  for (let example = 0; example < losses.length; example++) {
    losses[example] = ((predictions[example] ?? 0) - (labels[example] ?? 0)) ** 2 / 2;
  }
  return losses;
}

/** Weighted means over some examples. */
function meansOf({ predictions, labels, weights, losses }: Scored, examples: Uint32Array) {
  const sums = { weight: 0, loss: 0, prediction: 0, label: 0 };
  for (const example of examples) {
    const weight = weights?.[example] ?? 1;
    sums.weight += weight;
    sums.loss += weight * (losses[example] ?? 0);
    sums.prediction += weight * (predictions[example] ?? 0);
    sums.label += weight * (labels[example] ?? 0);
  }
  const { weight } = sums;
  return { loss: sums.loss / weight, prediction: sums.prediction / weight, label: sums.label / weight };
}

/**
 * The share of pairs of a positive and a negative example whose positive one has the higher prediction, plus half the share of those with equal ones (Mann
 * and Whitney), each pair with the product of its weights.
 * @param examples By rising prediction.
 */
function aucOf({ predictions, labels, weights, isLogistic }: Scored, examples: Uint32Array): number | undefined {
  if (!isLogistic) return undefined;
  let [positives, negatives, won] = [0, 0, 0];
  for (let start = 0; start < examples.length; ) {
    const prediction = predictions[examples[start] ?? 0];
    const tied = { positives: 0, negatives: 0 };
    for (; start < examples.length && predictions[examples[start] ?? 0] === prediction; start++) {
      const example = examples[start] ?? 0;
      tied[labels[example] === 1 ? "positives" : "negatives"] += weights?.[example] ?? 1;
    }
    won += tied.positives * (negatives + tied.negatives / 2);
    positives += tied.positives;
    negatives += tied.negatives;
  }
  return positives > 0 && negatives > 0 ? won / (positives * negatives) : undefined;
}

/** @param examples By rising prediction. */
function reliabilityOf(scored: Scored, examples: Uint32Array): Metrics["reliability"] {
  const groups = Math.min(GROUPS, examples.length);
  const endOf = (group: number): number => Math.round((group * examples.length) / groups);
  return Array.from({ length: groups }, (_, group) => {
    const members = examples.subarray(endOf(group), endOf(group + 1));
    const { prediction, label } = meansOf(scored, members);
    return { examples: members.length, prediction, label };
  });
}

/** @param examples By rising prediction. */
function byCountOf(scored: Scored, examples: Uint32Array, counts: Float64Array): Metrics["byCount"] {
  const classes = Uint8Array.from(counts, classOf);
  const sizes = new Uint32Array(classes.reduce((most, number) => Math.max(most, number), 0) + 1);
  for (const number of classes) sizes[number] = (sizes[number] ?? 0) + 1;
  return Array.from(sizes.entries()).flatMap(([number, size]) => {
    if (size === 0) return [];
    const members = examples.filter((example) => classes[example] === number);
    const [from, below] = number === 0 ? [0, 1] : [2 ** (number - 1), 2 ** number];
    return [{ from, below, examples: size, loss: meansOf(scored, members).loss, auc: aucOf(scored, members) }];
  });
}

/** 0 below 1, 1 below 2, 2 below 4, 3 below 8, and so on. */
function classOf(count: number): number {
  let number = 0;
  for (let below = 1; count >= below; below *= 2) number++;
  return number;
}

function checkPredictions(predictions: unknown, isLogistic: boolean): asserts predictions is Predictions {
  if (!isArray(predictions, "Float32Array") && !isArray(predictions, "Float64Array")) {
    throw coded(
      "ERR_WRONG_CLASS",
      `predictions must be a Float32Array or a Float64Array, but is ${shown(predictions)}`,
    );
  }
  const bad = predictions.findIndex((value) => !Number.isFinite(value));
  if (bad !== -1) throw coded("ERR_NON_FINITE", `predictions[${bad}] is ${predictions[bad]}`);
  const outside = isLogistic ? predictions.findIndex((value) => value < 0 || value > 1) : -1;
  if (outside === -1) return;
  throw coded(
    "ERR_OPTION_VALUE",
    `predictions[${outside}] must be a probability, from 0 to 1, but is ${predictions[outside]}`,
  );
}

function checkLabels(labels: Labels, length: number, isLogistic: boolean): void {
  if (!Array.isArray(labels) && !ArrayBuffer.isView(labels)) {
    throw coded("ERR_WRONG_CLASS", `labels must be an array, but is ${shown(labels)}`);
  }
  checkLength("labels", labels, length);
  for (let example = 0; example < length; example++) {
    const label: unknown = labels[example];
    if (isLogistic ? label === 0 || label === 1 : Number.isFinite(label)) continue;
    const expected = isLogistic ? "0 or 1" : "a finite number";
    throw coded("ERR_OPTION_VALUE", `labels[${example}] must be ${expected}, but is ${shown(label)}`);
  }
}

/** Checks one number an example, each finite and at least 0. */
function checkAmounts(option: string, amounts: unknown, Class: "Float32Array" | "Float64Array", length: number): void {
  if (!isArray(amounts, Class))
    throw coded("ERR_WRONG_CLASS", `${option} must be a ${Class}, but is ${shown(amounts)}`);
  checkLength(option, amounts, length);
  const bad = (amounts as Float64Array).findIndex((amount) => !(amount >= 0 && amount < Number.POSITIVE_INFINITY));
  if (bad === -1) return;
  throw coded("ERR_OPTION_VALUE", `${option}[${bad}] must be finite and at least 0, but is ${amounts[bad]}`);
}

function checkLength(what: string, list: ArrayLike<unknown>, length: number): void {
  if (list.length === length) return;
  throw coded("ERR_WRONG_LENGTH", `${what} must have ${length} elements, one a prediction, but has ${list.length}`);
}
