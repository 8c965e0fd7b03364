/**
 * Draws Observable Plot charts as static SVG, without a browser: Plot writes into linkedom's document. Each chart is drawn
 * twice, for a desktop and for a phone, and the style sheet shows one of the two, so that text is never scaled down.
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { Markup, html } from "./html.js";

/** Widths in CSS pixels, as the page's column gives them. */
export const wide = 640;
export const narrow = 350;

/** What a chart is drawn for. */
export interface Frame {
  readonly width: number;
  readonly isNarrow: boolean;
}

/** A figure: the chart in both widths, and what it shows, how it was measured and with which settings below it. */
export function figure(description: string, draw: (frame: Frame) => Plot.PlotOptions, caption: Markup): Markup {
  return html`<figure>
<div class="wide">${plot(description, draw({ width: wide, isNarrow: false }))}</div>
<div class="narrow">${plot(description, draw({ width: narrow, isNarrow: true }))}</div>
<figcaption>${caption}</figcaption>
</figure>`;
}

/** One chart as SVG. Colours are left to the page: `currentColor` and its variables. */
export function plot(description: string, options: Plot.PlotOptions): Markup {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const svg = Plot.plot({
    ...options,
    document,
    className: "plot",
    ariaLabel: description,
    style: { fontSize: "12px", background: "none" },
  });
  svg.setAttribute("role", "img");
  // Fractions of a hundredth of a pixel only make the file larger.
  return new Markup(svg.outerHTML.replace(/\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(2)))));
}

/** The page's colour for a rule. */
export function colorOf(type: string): string {
  return `var(--${type})`;
}

/**
 * Where labels go that want to stand at `positions` but must keep `gap` apart: each as near its place as order allows. Labels
 * that would overlap form a block, which is centred on the mean of its members' places.
 */
export function spread(positions: readonly number[], gap: number): number[] {
  const order = positions.map((_, index) => index).sort((a, b) => positions[a] - positions[b]);
  const blocks: { members: number[]; center: number }[] = [];
  for (const index of order) {
    let block = { members: [index], center: positions[index] };
    for (let before = blocks.at(-1); before && overlaps(before, block, gap); before = blocks.at(-1)) {
      blocks.pop();
      const members = [...before.members, ...block.members];
      block = { members, center: members.reduce((sum, member) => sum + positions[member], 0) / members.length };
    }
    blocks.push(block);
  }
  const places = [...positions];
  for (const { members, center } of blocks) {
    members.forEach((member, rank) => {
      places[member] = center + (rank - (members.length - 1) / 2) * gap;
    });
  }
  return places;
}

function overlaps(a: { members: number[]; center: number }, b: { members: number[]; center: number }, gap: number): boolean {
  return b.center - a.center < ((a.members.length + b.members.length) / 2) * gap;
}
