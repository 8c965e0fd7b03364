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

/**
 * Where labels stand so that none covers another: as near to where they belong as that goes, in the mean of squares, `least` apart. Heights that are too close are
 * pooled, as isotonic regression does it.
 */
export function apart(heights: readonly number[], least: number): number[] {
  const order = [...heights.keys()].toSorted((one, other) => (heights[one] ?? 0) - (heights[other] ?? 0));
  const blocks: { sum: number; size: number }[] = [];
  for (const [place, index] of order.entries()) {
    let block = { sum: (heights[index] ?? 0) - place * least, size: 1 };
    for (let below = blocks.at(-1); below && below.sum / below.size > block.sum / block.size; below = blocks.at(-1)) {
      block = { sum: block.sum + below.sum, size: block.size + below.size };
      blocks.pop();
    }
    blocks.push(block);
  }
  const places = blocks.flatMap(({ sum, size }) => Array.from({ length: size }, () => sum / size));
  const found = [...heights];
  for (const [place, index] of order.entries()) found[index] = (places[place] ?? 0) + place * least;
  return found;
}
