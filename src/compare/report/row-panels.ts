/** What rows have become, against how often they occurred: a panel a contestant or data set, all on the same two logarithmic axes. */
import * as Plot from "@observablehq/plot";
import { type CountAnd, fitted } from "../samples.js";
import type { Study } from "../study.js";
import { colorOf, type Frame, type Panel } from "./chart.js";
import { rangeOf } from "./named-lines.js";
import { mainOutcomes } from "./panels.js";

interface Facet {
  /** Of a contestant, whose colour it has, or of something else. */
  readonly name: string;
  readonly note: string;
  readonly points: readonly CountAnd[];
}

/** A line that all panels have, of a slope, through the first panel's most frequent row. */
interface Reference {
  readonly slope: number;
}

/** From here on a slope of rates is taken: caps and starts have worn off. */
const LEAST_HEAD_COUNT = 1000;
const FEWEST_FOR_SLOPE = 10;

/** The rate of rows after training. */
export function ratesPanel(study: Study): Panel | undefined {
  const facets = mainOutcomes(study).flatMap(({ contestant, runs }) => {
    const points = runs[0]?.rates ?? [];
    const head = points.filter(({ count, value }) => count >= LEAST_HEAD_COUNT && value > 0);
    const note = head.length < FEWEST_FOR_SLOPE ? "" : `slope ${formatSlope(fitted(head).slope)}`;
    return points.length === 0 ? [] : [{ name: contestant, note, points: points.filter(({ value }) => value > 0) }];
  });
  if (facets.length === 0) return undefined;
  const title = "A row’s rate (up) against its count (across)";
  return { title, share: 1, draw: (frame) => facetDots(facets, { slope: -0.5 }, frame) };
}

export interface Accumulated {
  name: string;
  rows: readonly CountAnd[];
  slope: number;
  r2: number;
}

/** Adagrad's accumulators. */
export function accumulatorsPanel(all: readonly Accumulated[]): Panel | undefined {
  const facets = all.map(({ name, rows, slope, r2 }) => {
    return { name, note: `slope ${formatSlope(slope)}, R² ${r2.toFixed(2)}`, points: rows };
  });
  if (facets.length === 0) return undefined;
  const title = "Mean accumulated squared gradient (up) against the count (across)";
  return { title, share: 1, draw: (frame) => facetDots(facets, { slope: 1 }, frame) };
}

function facetDots(facets: readonly Facet[], line: Reference, { isNarrow }: Frame): Plot.PlotOptions {
  const columns = Math.min(facets.length, isNarrow ? 2 : 3);
  const rows = Math.ceil(facets.length / columns);
  const place = (index: number) => ({ fx: index % columns, fy: Math.floor(index / columns) });
  const dots = facets.flatMap(({ name, points }, index) =>
    points.map((point) => ({ ...point, ...place(index), name })),
  );
  const titles = facets.map((facet, index) => ({ ...facet, ...place(index) }));
  const [, most] = rangeOf(dots.map(({ count }) => count));
  const [low, high] = rangeOf(dots.map(({ value }) => value));
  const color = ({ name }: { name: string }) => colorOf(name);
  return {
    height: 42 + 22 + rows * (isNarrow ? 170 : 190),
    marginTop: 22,
    marginRight: 6,
    marginBottom: 42,
    marginLeft: 46,
    x: {
      type: "log",
      domain: [0.8, 1.3 * most],
      ticks: decades(1, most).filter((_, index) => !isNarrow || index % 2 === 0),
      tickFormat: "~s",
      tickSize: 0,
      label: "count",
      labelAnchor: "center",
      labelArrow: "none",
    },
    y: {
      type: "log",
      domain: [low / 1.5, high * 1.5],
      tickFormat: "~r",
      tickSize: 0,
      ticks: decades(low, high),
      label: null,
    },
    fx: { axis: null, padding: 0.08 },
    fy: { axis: null, padding: 0.18 },
    marks: [
      Plot.gridY({ ticks: decades(low, high), stroke: "var(--line)", strokeOpacity: 1 }),
      Plot.gridX({ ticks: decades(1, most), stroke: "var(--line)", strokeOpacity: 1 }),
      Plot.line(referenceLine(facets[0]?.points ?? [], line), {
        x: "count",
        y: "value",
        clip: true,
        stroke: "currentColor",
        strokeOpacity: 0.55,
        strokeDasharray: "4,4",
        strokeWidth: 1,
      }),
      Plot.dot(dots, { fx: "fx", fy: "fy", x: "count", y: "value", r: 2, fill: color, fillOpacity: 0.8 }),
      Plot.text(titles, {
        fx: "fx",
        fy: "fy",
        text: "note",
        frameAnchor: line.slope < 0 ? "bottom-left" : "bottom-right",
        dx: line.slope < 0 ? 5 : -5,
        dy: -5,
        fill: "currentColor",
        stroke: "var(--paper)",
        strokeWidth: 4,
      }),
      Plot.text(titles, {
        fx: "fx",
        fy: "fy",
        text: "name",
        fill: color,
        frameAnchor: "top-left",
        dy: -17,
        fontWeight: 600,
        fontSize: 12.5,
      }),
    ],
  };
}

/** Through the point with the greatest count. */
function referenceLine(points: readonly CountAnd[], { slope }: Reference): CountAnd[] {
  const { count, value } = points.reduce((most, point) => (point.count > most.count ? point : most), {
    count: 1,
    value: 1,
  });
  return [
    { count: 1, value: value * count ** -slope },
    { count, value },
  ];
}

/** The powers of ten from `least` to `most`. */
function decades(least: number, most: number): number[] {
  const first = Math.ceil(Math.log10(least));
  const last = Math.floor(Math.log10(most));
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}

/** Two decimals, with a minus sign of a figure's width; a slope that rounds to zero has no sign. */
function formatSlope(slope: number): string {
  return (Math.round(100 * slope) / 100 || 0).toFixed(2).replace("-", "−");
}
