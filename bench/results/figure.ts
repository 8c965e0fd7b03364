/** Charts of docs/results.md. */
import type * as Plot from "@observablehq/plot";
import { type Chart, writeChart } from "../charts.js";

const folder = new URL("../../docs/results/", import.meta.url);

/** Writes a chart, and gives the Markdown that shows it. */
export function figure(name: string, chart: Chart): string {
  writeChart(folder, name, chart);
  return `![${chart.title}](results/${name}.svg)`;
}

/** A chart of the page's own. */
export function drawn(name: string, title: string, options: Plot.PlotOptions): string {
  return figure(name, { title, draw: () => options });
}
