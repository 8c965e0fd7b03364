/** Metrics as text, and as JSON has them. */
import type { Metrics } from "tallygrad/models";
import { countText } from "../compare/ranking.js";
import { columns } from "./terminal.js";

export function metricsText(metrics: Metrics, loss: "logistic" | "squared", what: string): string {
  const { examples, auc, calibration } = metrics;
  const figures = [
    `${loss === "logistic" ? "log-loss" : "loss"} ${metrics.loss.toFixed(5)}`,
    ...(auc === undefined ? [] : [`AUC ${auc.toFixed(4)}`]),
    `mean prediction / mean label ${calibration.toFixed(3)}`,
  ];
  return `${what}, ${countText(examples)} examples: ${figures.join(", ")}`;
}

/** Losses by how often the rarest row of an example was trained on. */
export function countTable({ byCount }: Metrics): string {
  const rows = byCount.map(({ from, below, examples, loss, auc }) => [
    below - from <= 1 ? countText(from) : `${countText(from)}–${countText(below - 1)}`,
    countText(examples),
    loss.toFixed(5),
    auc?.toFixed(4) ?? "–",
  ]);
  return columns([["count of rarest row", "examples", "loss", "AUC"], ...rows]);
}

export function reliabilityTable({ reliability }: Metrics): string {
  const rows = reliability.map(({ examples, prediction, label }) => [
    prediction.toFixed(4),
    label.toFixed(4),
    countText(examples),
  ]);
  return columns([["predicted", "came true", "examples"], ...rows], 0);
}

/** JSON has no NaN: what is not defined is null. */
export function metricsJson(metrics: Metrics): unknown {
  return JSON.parse(JSON.stringify({ ...metrics, auc: metrics.auc ?? null }));
}
