/** Figure 3: the rate of a row against its tally, a panel for each rule, all on the same two logarithmic axes. */
import * as Plot from "@observablehq/plot";
import { at } from "../at.js";
import { formatCount } from "../format.js";
import { leastHeadTally, type RateSample } from "../rate-samples.js";
import type { Results } from "../results.js";
import { colorOf, type Frame, figure } from "./chart.js";
import { html, type Markup } from "./html.js";

interface Facet {
  readonly name: string;
  readonly slope: string;
  readonly samples: readonly RateSample[];
}

export function rateCharts({ runs, synthetic, recipe }: Results): Markup {
  const facets = runs.map(({ optimizer, rates }) => ({
    name: optimizer.type,
    slope: rates.headSlope === null ? "" : `slope ${formatSlope(rates.headSlope)}`,
    samples: rates.samples,
  }));
  return figure(
    [{ title: "A row’s rate (up) against its tally (across)", share: 1, draw: (frame) => drawFacets(facets, frame) }],
    html`Each dot is a row of the vector table after training: the rate it would get if it occurred once more, against how often
      it occurred${recipe.epochs > 1 ? " over all epochs" : ""}. Rows are a sample, even along the axis; rules with a rate for each
      element show the row’s mean. Slopes are by least squares over sampled rows with a tally of
      ${formatCount(leastHeadTally)} or more. The dashed line is the same in every panel: 1/√tally, a slope of −0.50, through
      ${at(facets, 0).name}’s most frequent row. ${synthetic ? "Synthetic click log." : ""}`,
  );
}

function drawFacets(facets: readonly Facet[], { isNarrow }: Frame): Plot.PlotOptions {
  const columns = isNarrow ? 2 : 3;
  const place = (index: number) => ({ fx: index % columns, fy: Math.floor(index / columns) });
  const dots = facets.flatMap(({ name, samples }, index) =>
    samples.map((sample) => ({ ...sample, ...place(index), name })),
  );
  const titles = facets.map((facet, index) => ({ ...facet, ...place(index) }));
  const most = Math.max(...dots.map(({ tally }) => tally));
  const rates = dots.map(({ rate }) => rate);
  const color = ({ name }: { name: string }) => colorOf(name);
  return {
    height: isNarrow ? 600 : 460,
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
      label: "tally",
      labelAnchor: "center",
      labelArrow: "none",
    },
    y: {
      type: "log",
      domain: [Math.min(...rates) / 1.5, Math.max(...rates) * 1.5],
      tickFormat: "~r",
      tickSize: 0,
      ticks: decades(Math.min(...rates), Math.max(...rates)),
      label: null,
    },
    fx: { axis: null, padding: 0.08 },
    fy: { axis: null, padding: 0.18 },
    marks: [
      Plot.gridY({ ticks: decades(Math.min(...rates), Math.max(...rates)), stroke: "var(--line)", strokeOpacity: 1 }),
      Plot.gridX({ ticks: decades(1, most), stroke: "var(--line)", strokeOpacity: 1 }),
      Plot.line(rootLine(at(facets, 0).samples), {
        x: "tally",
        y: "rate",
        clip: true,
        stroke: "currentColor",
        strokeOpacity: 0.55,
        strokeDasharray: "4,4",
        strokeWidth: 1,
      }),
      Plot.dot(dots, { fx: "fx", fy: "fy", x: "tally", y: "rate", r: 2, fill: color, fillOpacity: 0.8 }),
      Plot.text(titles, {
        fx: "fx",
        fy: "fy",
        text: "slope",
        frameAnchor: "bottom-left",
        dx: 5,
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

/** Rates of 1/sqrt(tally) through the sample with the greatest tally. */
function rootLine(samples: readonly RateSample[]): RateSample[] {
  const { tally, rate } = samples.reduce((most, sample) => (sample.tally > most.tally ? sample : most));
  return [
    { tally: 1, rate: rate * Math.sqrt(tally) },
    { tally, rate },
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
