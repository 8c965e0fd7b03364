/**
 * What both charts share: a uPlot that fills its host, follows the page's colours in light and dark, and has each line's name at
 * the line's end. Charts are drawn from snapshots; they keep no data of their own.
 */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { spread } from "../src/compare/report/spread.js";
import { at } from "../src/synthetic/at.js";
import { type LearnerName, learnerNames } from "./run.js";

/** Room at the right for the names of lines, in CSS pixels. */
const nameRoom = 78;
const nameHeight = 15;
const font = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif';

type Color = "ink" | "soft" | "line" | LearnerName;
const colors = new Map<Color, string>();

/** The page's colour of that name, as it is at present. */
export function color(name: Color): string {
  const known = colors.get(name);
  if (known !== undefined) return known;
  const value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  colors.set(name, value);
  return value;
}

/** Numbers as axes write them: 200k, 1M. */
export function shorten(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 1000 ? `${value / 1000}k` : String(value);
}

/** Axes without ticks, with hairlines for a grid. */
export function axis(options: uPlot.Axis): uPlot.Axis {
  return {
    font,
    stroke: () => color("soft"),
    grid: { stroke: () => color("line"), width: 1 },
    ticks: { show: false },
    ...options,
  };
}

export interface ChartOptions {
  readonly scales: uPlot.Scales;
  readonly axes: [uPlot.Axis, uPlot.Axis];
  /** Drawn under the lines. */
  readonly underlay?: (plot: uPlot) => void;
}

export class Chart {
  readonly #plot: uPlot;

  constructor(host: HTMLElement, { scales, axes, underlay }: ChartOptions) {
    const size = () => ({ width: host.clientWidth, height: host.clientHeight });
    const options: uPlot.Options = {
      ...size(),
      padding: [8, nameRoom, 0, 0],
      scales,
      axes,
      series: [{}, ...learnerNames.map(lineOf)],
      legend: { show: false },
      cursor: { show: false },
      hooks: { drawAxes: underlay ? [underlay] : [], draw: [nameLines] },
    };
    this.#plot = new uPlot(options, [[], ...learnerNames.map(() => [])], host);
    new ResizeObserver(() => this.#plot.setSize(size())).observe(host);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      colors.clear();
      this.#plot.redraw(false, true);
    });
  }

  /** @param lines For each learner its values at `x`; null where it has none. */
  draw(x: readonly number[], lines: readonly (readonly (number | null)[])[]): void {
    this.#plot.setData([[...x], ...lines.map((line) => [...line])]);
  }
}

function lineOf(name: LearnerName): uPlot.Series {
  return { stroke: () => color(name), width: name === "tallygrad" ? 2.75 : 1.75, points: { show: false } };
}

/** Writes each learner's name beside the last point of its line, names apart from each other. */
function nameLines(plot: uPlot): void {
  const { ctx, bbox } = plot;
  const pixel = uPlot.pxRatio;
  const ends = learnerNames.flatMap((name, index) => {
    const values = plot.data[index + 1] ?? [];
    const last = Array.from(values).findLastIndex((value) => value !== null && value !== undefined);
    if (last < 0) return [];
    const y = plot.valToPos(values[last] ?? 0, "y", true);
    const isAbove = y < bbox.top;
    return [
      {
        name,
        text: isAbove ? `${name} ↑` : name,
        x: plot.valToPos(at(plot.data[0], last), "x", true),
        y: Math.max(y, bbox.top + (nameHeight / 2) * pixel),
      },
    ];
  });
  const places = spread(
    ends.map(({ y }) => y),
    nameHeight * pixel,
  );
  ctx.save();
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ends.forEach(({ name, text, x }, index) => {
    ctx.font = `${name === "tallygrad" ? 700 : 600} ${scaleFont(pixel)}`;
    ctx.fillStyle = color(name);
    ctx.fillText(text, x + 6 * pixel, at(places, index));
  });
  ctx.restore();
}

function scaleFont(pixel: number): string {
  return font.replace("12px", `${12 * pixel}px`);
}
