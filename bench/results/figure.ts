/** Charts as files: SVG, light or dark as the reader's page is. */
import { mkdirSync, writeFileSync } from "node:fs";
import type * as Plot from "@observablehq/plot";
import { type Panel, svgOf } from "../../src/compare/report/chart.js";
import { colors } from "../../src/compare/report/style.js";

const folder = new URL("../../docs/results/", import.meta.url);

const STYLE = `
  svg { ${colors.light} background: var(--paper); color: var(--ink); font-family: system-ui, sans-serif; }
  @media (prefers-color-scheme: dark) { svg { ${colors.dark} } }`;

/** Writes a chart, and gives the Markdown that shows it. */
export function figure(name: string, { title, draw }: Pick<Panel, "title" | "draw">): string {
  const svg = svgOf({ title, share: 1, draw }, { width: 760, isNarrow: false });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const style = svg.ownerDocument.createElement("style");
  style.textContent = STYLE;
  svg.prepend(style);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`${name}.svg`, folder), `${svg.outerHTML}\n`);
  return `![${title}](results/${name}.svg)`;
}

/** A chart of the page's own. */
export function drawn(name: string, title: string, options: Plot.PlotOptions): string {
  return figure(name, { title, draw: () => options });
}
