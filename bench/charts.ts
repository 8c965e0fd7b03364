/** Charts as files: SVG, light or dark as the reader's page is. For docs/results.md and bench/README.md. */
import { mkdirSync, writeFileSync } from "node:fs";
import { type Panel, svgOf } from "../src/compare/report/chart.js";
import { colors } from "../src/compare/report/style.js";

const STYLE = `
  svg { ${colors.light} background: var(--paper); color: var(--ink); font-family: system-ui, sans-serif; }
  @media (prefers-color-scheme: dark) { svg { ${colors.dark} } }`;

/** A chart with a text in place of it. */
export type Chart = Pick<Panel, "title" | "draw">;

/** Writes a chart into a folder. */
export function writeChart(folder: URL, name: string, { title, draw }: Chart): void {
  const svg = svgOf({ title, share: 1, draw }, { width: 760, isNarrow: false });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const style = svg.ownerDocument.createElement("style");
  style.textContent = STYLE;
  svg.prepend(style);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`${name}.svg`, folder), `${svg.outerHTML}\n`);
}
