/** Charts of docs/results.md. */
import type * as Plot from "@observablehq/plot";
import { writeChart } from "../charts.js";

const folder = new URL("../../docs/results/", import.meta.url);

/** Writes a chart, and gives the Markdown that shows it. */
export function figure(name: string, alternative: string, options: Plot.PlotOptions): string {
  writeChart(folder, name, alternative, options);
  return `![${alternative}](results/${name}.svg)`;
}

/** The colour of a contestant's family. */
export function colorOf(contestant: string): string {
  if (contestant.startsWith("tallygrad")) return "var(--tallygrad)";
  if (/^(cf|fa)-sgd/.test(contestant)) return "var(--counts)";
  if (contestant.includes("adagrad")) return "var(--adagrad)";
  return contestant.startsWith("adam") ? "var(--adam)" : "var(--sgd)";
}
