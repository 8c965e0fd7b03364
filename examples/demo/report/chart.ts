/**
 * Draws Observable Plot charts as static SVG, without a browser: Plot writes into linkedom's document. Each figure is drawn
 * twice, for a desktop and for a phone, and the style sheet shows one of the two, so that text is never scaled down.
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { html, Markup } from "./html.js";

/** What a panel is drawn for. */
export interface Frame {
  /** CSS pixels. */
  readonly width: number;
  /** On a phone panels stand one below the other; else side by side. */
  readonly isNarrow: boolean;
}

export interface Panel {
  /** What it shows; stands above the panel. */
  readonly title: string;
  /** Its share of the width where panels stand side by side. */
  readonly share: number;
  draw(frame: Frame): Plot.PlotOptions;
}

/** Widths in CSS pixels, as the page's column gives them. */
const wideWidth = 640;
const narrowWidth = 350;

/** Panels, and below them what they show, how it was measured and with which settings. */
export function figure(panels: readonly Panel[], caption: Markup): Markup {
  const wide = panels.map((panel) => drawPanel(panel, { width: Math.round(wideWidth * panel.share), isNarrow: false }));
  const narrow = panels.map((panel) => drawPanel(panel, { width: narrowWidth, isNarrow: true }));
  return html`<figure>
<div class="wide">${wide}</div>
<div class="narrow">${narrow}</div>
<figcaption>${caption}</figcaption>
</figure>`;
}

/** One chart as SVG below its title. Its colours are the page's: `currentColor` and variables. */
function drawPanel({ title, draw }: Panel, frame: Frame): Markup {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const svg = Plot.plot({
    ...draw(frame),
    document,
    width: frame.width,
    className: "plot",
    ariaLabel: title,
    style: { fontSize: "12px", background: "none" },
  });
  svg.setAttribute("role", "img");
  return html`<div class="panel"><p>${title}</p>${new Markup(roundAttributes(svg.outerHTML))}</div>`;
}

/** Hundredths of a pixel are seen by nobody, and make the file a third larger. Text between tags stays as it is. */
function roundAttributes(svg: string): string {
  return svg.replace(/="[^"]*"/g, (attribute) =>
    attribute.replace(/\d+\.\d{2,}/g, (number) => String(Number(Number(number).toFixed(1)))),
  );
}

/** The page's colour for a rule. */
export function colorOf(type: string): string {
  return `var(--${type})`;
}

/** The house rule is drawn stronger than its rivals. */
export function isHouseRule(type: string): boolean {
  return type === "tallygrad";
}
