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

function drawPanel(panel: Panel, frame: Frame): Markup {
  return html`<div class="panel"><p>${panel.title}</p>${new Markup(svgOf(panel, frame).outerHTML)}</div>`;
}

/** A chart as SVG. Its colours are the page's: `currentColor` and variables. */
export function svgOf({ title, draw }: Panel, frame: Frame): SVGSVGElement | HTMLElement {
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
  for (const element of [svg, ...svg.querySelectorAll("*")]) roundAttributes(element);
  return svg;
}

/** Hundredths of a pixel are seen by nobody, and make the file a third larger. */
function roundAttributes(element: Element): void {
  for (const { name, value } of Array.from(element.attributes)) {
    if (/\.\d{2}/.test(value)) {
      element.setAttribute(
        name,
        value.replace(/\d+\.\d{2,}/g, (number) => String(Number(Number(number).toFixed(1)))),
      );
    }
  }
}

/** The page's colour for a contestant: that of its rule. */
export function colorOf(contestant: string): string {
  return `var(--${ruleOf(contestant)}, var(--soft))`;
}

/** The house rule is drawn stronger than its rivals. */
export function isHouseRule(contestant: string): boolean {
  return ruleOf(contestant) === "tallygrad";
}

/** A contestant's name begins with its rule's. */
function ruleOf(contestant: string): string {
  return contestant.split(",", 1)[0] ?? contestant;
}
