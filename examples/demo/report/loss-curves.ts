/** Figure 1: how the loss falls during training, one line an optimizer, named at its end. */
import * as Plot from "@observablehq/plot";
import { at } from "../at.js";
import { formatCount } from "../format.js";
import type { Results } from "../results.js";
import type { CurvePoint } from "../training.js";
import { colorOf, type Frame, figure, isHouseRule } from "./chart.js";
import { html, type Markup } from "./html.js";
import { spread } from "./spread.js";

interface Line {
  readonly name: string;
  readonly points: readonly CurvePoint[];
}

export function lossCurves({ oracle, runs, recipe }: Results): Markup {
  const lines = runs.map(({ optimizer, curve }) => ({ name: optimizer.type, points: curve }));
  const title = oracle ? "Progressive log-loss above the oracle’s" : "Validation log-loss";
  const batches = `batches of ${formatCount(recipe.batch)}`;
  const caption = oracle
    ? html`Progressive log-loss: each example is predicted before it is trained on. A point is the mean over
${formatCount(at(at(lines, 0).points, 0).examples)} examples, minus the oracle’s mean on the same examples, so zero would be a
perfect model. What rises above the frame is cut off. Synthetic click log, one pass, ${batches}.`
    : html`Log-loss of the validation examples after every half epoch, ${batches}. A line ends where two epochs brought nothing
better, or after ${recipe.epochs} epochs; the best weights are kept and tested. What rises above the frame is cut off.`;
  return figure([{ title, share: 1, draw: (frame) => drawCurves(lines, frame) }], caption);
}

function drawCurves(lines: readonly Line[], { isNarrow }: Frame): Plot.PlotOptions {
  const height = isNarrow ? 320 : 380;
  const margins = { marginTop: 8, marginRight: isNarrow ? 108 : 124, marginBottom: 42, marginLeft: 42 };
  const domain = lossDomain(lines);
  const pixel = (domain[1] - domain[0]) / (height - margins.marginTop - margins.marginBottom);
  const last = Math.max(...lines.map(({ points }) => endOf(points).examples));
  // A little room behind the last point, for the hairlines from the lines to their names.
  const edge = 1.05 * last;
  return {
    height,
    ...margins,
    x: {
      domain: [0, edge],
      label: "training examples",
      labelAnchor: "center",
      labelArrow: "none",
      ticks: isNarrow ? 3 : 6,
      tickFormat: "~s",
    },
    y: { domain, label: null, ticks: 6, tickSize: 0 },
    marks: [
      Plot.gridY({ ticks: 6, stroke: "var(--line)", strokeOpacity: 1 }),
      ...[...lines].reverse().map(({ name, points }) => lossLine(name, points)),
      ...nameEnds(lines, edge, pixel * 15, isNarrow),
    ],
  };
}

function lossLine(name: string, points: readonly CurvePoint[]): Plot.Line {
  const strokeWidth = isHouseRule(name) ? 3 : 1.75;
  return Plot.lineY(points, { x: "examples", y: "logLoss", stroke: colorOf(name), strokeWidth, clip: true });
}

/** Each line's name at the right edge, in the order of the lines' ends, tied to its end by a hairline. */
function nameEnds(lines: readonly Line[], edge: number, gap: number, isNarrow: boolean): Plot.Markish[] {
  const places = spread(
    lines.map(({ points }) => endOf(points).logLoss),
    gap,
  );
  return lines.flatMap(({ name, points }, index) => {
    const end = endOf(points);
    const color = colorOf(name);
    const place = at(places, index);
    return [
      Plot.link([end], {
        x1: end.examples,
        y1: end.logLoss,
        x2: edge,
        y2: place,
        stroke: color,
        strokeWidth: 0.75,
      }),
      Plot.text([name], {
        x: edge,
        y: place,
        dx: 4,
        textAnchor: "start",
        fill: color,
        fontWeight: isHouseRule(name) ? 700 : 500,
        fontSize: isNarrow ? 11.5 : 12.5,
      }),
    ];
  });
}

/** From the lowest point up to where the last line has settled or ended: what is steep before may leave the frame. */
function lossDomain(lines: readonly Line[]): [low: number, high: number] {
  const low = Math.min(...lines.flatMap(({ points }) => points.map(({ logLoss }) => logLoss)));
  const high = Math.max(
    ...lines.flatMap(({ points }) => [at(points, Math.floor(points.length / 8)).logLoss, endOf(points).logLoss]),
  );
  const room = 0.04 * (high - low);
  return [low - room, high + room];
}

function endOf(points: readonly CurvePoint[]): CurvePoint {
  return at(points, points.length - 1);
}
