/** Figure 2: loss and squared gradient of rare and of frequent rows, one dot for each optimizer and bucket. */
import * as Plot from "@observablehq/plot";
import { at } from "../at.js";
import { bucketLimits } from "../buckets.js";
import { formatCount, formatPercent } from "../format.js";
import type { Results } from "../results.js";
import type { Run } from "../run.js";
import { colorOf, figure, isHouseRule } from "./chart.js";
import { html, type Markup } from "./html.js";

interface Dot {
  readonly name: string;
  readonly bucket: string;
  readonly value: number;
}

/** What both panels share. */
interface Rows {
  readonly names: readonly string[];
  readonly titles: readonly { readonly bucket: string; readonly title: string }[];
}

export function bucketCharts(results: Results): Markup {
  const { oracle, synthetic, testExamples } = results;
  const rows = layOutRows(results);
  const losses = lossDots(results);
  const gradients = gradientDots(results);
  return figure(
    [
      {
        title: oracle ? "Log-loss above the oracle’s in the bucket" : "Log-loss above the lowest in the bucket",
        share: 0.58,
        draw: () => drawDots(losses, rows, { domain: roomAround(losses), named: true }),
      },
      {
        title: "Mean squared gradient",
        share: 0.42,
        draw: (frame) =>
          drawDots(gradients, rows, {
            domain: fromZero(gradients),
            named: frame.isNarrow,
          }),
      },
    ],
    html`Each occurrence of a row in the ${formatCount(testExamples)} test examples counts once, in the bucket of its row’s count
      in training: with its example’s loss, less the bucket’s ${oracle ? "mean for the oracle" : "lowest mean"}, and with the mean
      square of the gradient its vector would get. An example has rows in several buckets, so losses of buckets move together.
      The smaller the loss the better, and its axis does not start at zero; a squared gradient is neither good nor bad.
      ${synthetic ? "Synthetic click log." : ""}`,
  );
}

function layOutRows({ runs }: Results): Rows {
  const { buckets } = at(runs, 0);
  const occurrences = buckets.reduce((sum, bucket) => sum + bucket.occurrences, 0);
  return {
    names: runs.map(({ optimizer }) => optimizer.type),
    titles: bucketLimits.map(({ bucket, words }, index) => {
      const share = formatPercent(at(buckets, index).occurrences / occurrences);
      return { bucket, title: `${bucket}: ${words} (${share} of occurrences)` };
    }),
  };
}

function lossDots({ runs, oracle }: Results): Dot[] {
  return runs.flatMap(({ optimizer, buckets }) =>
    buckets.flatMap(({ bucket, logLoss }, index) => {
      const least = oracle ? at(oracle.buckets, index).logLoss : lowestLoss(runs, index);
      return logLoss === null || least === null ? [] : [{ name: optimizer.type, bucket, value: logLoss - least }];
    }),
  );
}

function lowestLoss(runs: readonly Run[], bucket: number): number {
  return Math.min(...runs.map(({ buckets }) => at(buckets, bucket).logLoss ?? Number.POSITIVE_INFINITY));
}

function gradientDots({ runs }: Results): Dot[] {
  return runs.flatMap(({ optimizer, buckets }) =>
    buckets.flatMap(({ bucket, meanSquaredGradient }) =>
      meanSquaredGradient === null ? [] : [{ name: optimizer.type, bucket, value: meanSquaredGradient }],
    ),
  );
}

function drawDots(
  dots: readonly Dot[],
  { names, titles }: Rows,
  { domain, named }: { domain: [number, number]; named: boolean },
): Plot.PlotOptions {
  const color = ({ name }: Dot) => colorOf(name);
  return {
    height: 470,
    marginTop: 8,
    marginBottom: 24,
    marginLeft: named ? 112 : 16,
    marginRight: 16,
    x: { domain, label: null, ticks: named ? 4 : 3, tickSize: 0 },
    // The first place of each facet is its title's.
    y: { domain: ["", ...names], axis: null, padding: 0.3 },
    fy: { domain: titles.map(({ bucket }) => bucket), axis: null, padding: 0.09 },
    marks: [
      Plot.gridX({ ticks: named ? 4 : 3, stroke: "var(--line)", strokeOpacity: 1 }),
      Plot.ruleY(dots, { fy: "bucket", y: "name", stroke: "var(--line)", strokeDasharray: "1,3" }),
      Plot.dot(dots, {
        fy: "bucket",
        x: "value",
        y: "name",
        fill: color,
        r: ({ name }: Dot) => (isHouseRule(name) ? 6 : 4.5),
      }),
      ...(named ? [...nameRows(dots, domain[0]), titleFacets(titles)] : []),
    ],
    r: { type: "identity" },
  };
}

function nameRows(dots: readonly Dot[], edge: number): Plot.Text[] {
  return dots.map((dot) =>
    Plot.text([dot], {
      fy: "bucket",
      x: edge,
      y: "name",
      text: "name",
      dx: -8,
      textAnchor: "end",
      fill: colorOf(dot.name),
      fontWeight: isHouseRule(dot.name) ? 700 : 500,
    }),
  );
}

function titleFacets(titles: Rows["titles"]): Plot.Text {
  return Plot.text(titles, {
    fy: "bucket",
    text: "title",
    frameAnchor: "top-left",
    dx: -112,
    dy: 4,
    fontWeight: 600,
    fill: "currentColor",
    stroke: "var(--paper)",
    strokeWidth: 5,
  });
}

function roomAround(dots: readonly Dot[]): [number, number] {
  const values = dots.map(({ value }) => value);
  const low = Math.min(...values);
  const high = Math.max(...values);
  return [low - 0.12 * (high - low), high + 0.06 * (high - low)];
}

function fromZero(dots: readonly Dot[]): [number, number] {
  return [0, 1.06 * Math.max(...dots.map(({ value }) => value))];
}
