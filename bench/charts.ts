/** Charts as files: SVG of Observable Plot's, drawn without a browser, light or dark as the reader's page is. For docs/results.md and bench/README.md. */
import { mkdirSync, writeFileSync } from "node:fs";
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

/** Colours by Okabe and Ito, darker on light paper and lighter on dark. */
const STYLE = `
  svg { --ink: #22211f; --soft: #66635d; --line: #dedad3; --tallygrad: #c2410c; --counts: #a16b00; --sgd: #77736c; --adagrad: #0b5c9e;
    --adam: #9b3d78; --paper: #fdfcfa; background: var(--paper); color: var(--ink); font-family: system-ui, sans-serif; }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #e9e6e0; --soft: #a39e95; --line: #3a3733; --tallygrad: #ff8f57; --counts: #e0b040; --sgd: #a29d94; --adagrad: #6aa5e8;
      --adam: #e08fc0; --paper: #171614; }
  }`;

/** Writes a chart into a folder. */
export function writeChart(folder: URL, name: string, alternative: string, options: Plot.PlotOptions): void {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const svg = Plot.plot({ width: 720, ...options, document, style: { fontSize: "12px", background: "none" } });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", alternative);
  const style = document.createElement("style");
  style.textContent = STYLE;
  svg.prepend(style);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`${name}.svg`, folder), `${rounded(svg.outerHTML)}\n`);
}

/** Hundredths of a pixel are seen by nobody. */
function rounded(svg: string): string {
  return svg.replace(/="[^"]*"/g, (attribute) =>
    attribute.replace(/\d+\.\d{2,}/g, (number) => String(Number(Number(number).toFixed(1)))),
  );
}
