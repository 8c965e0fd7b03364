/** A chart of lines, one a contestant, each with its name at its right end. */
import * as Plot from "@observablehq/plot";
import { colorOf, type Frame, isHouseRule } from "./chart.js";
import { spread } from "./spread.js";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface NamedLine {
  readonly name: string;
  /** By rising x. */
  readonly points: readonly Point[];
}

export interface Axes {
  readonly xLabel: string;
  /** Whether x is on a logarithmic scale, of factors of two. */
  readonly logarithmic?: boolean;
  readonly ticks?: readonly number[];
  readonly tickFormat?: (x: number) => string;
  /** The part of y that is shown; lines may leave it. Default: all of it. */
  readonly domain?: [low: number, high: number];
  /** Whether points are marked. */
  readonly dots?: boolean;
  /** Whether there is a line at y = 0. */
  readonly zero?: boolean;
}

/** In CSS pixels: the height of a name, and its width a letter. */
const NAME_HEIGHT = 15;
const LETTER = 6.6;
const NARROW_LETTER = 5.8;

/** @param lines At least one, of at least one point each. */
export function namedLines(lines: readonly NamedLine[], axes: Axes, { isNarrow }: Frame): Plot.PlotOptions {
  const height = isNarrow ? 320 : 380;
  const longest = Math.max(...lines.map(({ name }) => name.length));
  const marginRight = 16 + longest * (isNarrow ? NARROW_LETTER : LETTER);
  const margins = { marginTop: 8, marginRight, marginBottom: 42, marginLeft: 50 };
  const domain = withRoom(axes.domain ?? rangeOf(lines.flatMap(({ points }) => points.map(({ y }) => y))));
  const pixel = (domain[1] - domain[0]) / (height - margins.marginTop - margins.marginBottom);
  const [first, last] = rangeOf(lines.flatMap(({ points }) => points.map(({ x }) => x)));
  // A little room behind the last point, for the hairlines from the lines to their names.
  const edge = axes.logarithmic ? last * (last / first) ** 0.05 : 1.05 * last;
  return {
    height,
    ...margins,
    x: {
      ...(axes.logarithmic ? { type: "log", base: 2, domain: [first, edge] } : { domain: [0, edge] }),
      label: axes.xLabel,
      labelAnchor: "center",
      labelArrow: "none",
      ticks: axes.ticks?.filter((tick) => tick >= first && tick <= edge) ?? (isNarrow ? 3 : 6),
      tickFormat: axes.tickFormat ?? "~s",
    },
    y: { domain, label: null, ticks: 6, tickSize: 0 },
    marks: [
      Plot.gridY({ ticks: 6, stroke: "var(--line)", strokeOpacity: 1 }),
      ...(axes.zero ? [Plot.ruleY([0], { stroke: "currentColor", strokeOpacity: 0.5 })] : []),
      ...[...lines].reverse().flatMap(({ name, points }) => lineMarks(name, points, axes.dots ?? false)),
      ...nameEnds(lines, edge, pixel * NAME_HEIGHT, domain, isNarrow),
    ],
  };
}

function lineMarks(name: string, points: readonly Point[], dots: boolean): Plot.Markish[] {
  const color = colorOf(name);
  const strokeWidth = isHouseRule(name) ? 3 : 1.75;
  const line = Plot.lineY(points, { x: "x", y: "y", stroke: color, strokeWidth, clip: true });
  return dots ? [line, Plot.dot(points, { x: "x", y: "y", r: 2.5, fill: color, clip: true })] : [line];
}

/** Each line's name at the right edge, in the order of the lines' ends, tied to its end by a hairline. */
function nameEnds(
  lines: readonly NamedLine[],
  edge: number,
  gap: number,
  [low, high]: readonly [number, number],
  isNarrow: boolean,
): Plot.Markish[] {
  const ends = lines.map(({ points }) => points.at(-1) ?? { x: 0, y: 0 });
  const within = ends.map(({ y }) => Math.min(Math.max(y, low), high));
  const places = spread(within, gap);
  return lines.flatMap(({ name }, index) => {
    const [end, color, y] = [ends[index] as Point, colorOf(name), places[index] ?? 0];
    return [
      Plot.link([end], { x1: end.x, y1: within[index] ?? 0, x2: edge, y2: y, stroke: color, strokeWidth: 0.75 }),
      Plot.text([name], {
        x: edge,
        y,
        dx: 4,
        textAnchor: "start",
        fill: color,
        fontWeight: isHouseRule(name) ? 700 : 500,
        fontSize: isNarrow ? 10.5 : 12,
      }),
    ];
  });
}

export function rangeOf(values: readonly number[]): [low: number, high: number] {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ] as [number, number]);
}

function withRoom([low, high]: readonly [number, number]): [low: number, high: number] {
  const room = 0.04 * (high - low || Math.abs(high) || 1);
  return [low - room, high + room];
}
