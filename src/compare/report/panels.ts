/** The charts of a study: each is a panel, for a report or a page of results. */
import type { Outcome, Run, Study } from "../study.js";
import { mean } from "../study.js";
import type { Panel } from "./chart.js";
import { type NamedLine, namedLines, rangeOf } from "./named-lines.js";

/** Worse rates than this above the best are not shown: the interesting part would be flat. */
const SHOWN_LOSS = 0.03;
const MOST_POINTS = 30;
/** Classes with fewer examples say nothing. */
const FEWEST_EXAMPLES = 200;

/** Of each contestant one outcome: tuned, or at its default if it was not tuned. */
export function mainOutcomes({ outcomes }: Study): Outcome[] {
  return outcomes.filter(
    ({ contestant, tuned }) =>
      tuned !== undefined || !outcomes.some((other) => other.contestant === contestant && other.tuned !== undefined),
  );
}

/** The loss during training, of the first seed. */
export function curvePanel(study: Study, title: string): Panel | undefined {
  const lines = mainOutcomes(study).map(({ contestant, runs }) => ({
    name: contestant,
    points: stretches(runs[0]?.curve ?? []),
  }));
  const drawn = lines.filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return undefined;
  const domain = settledRange(drawn);
  return { title, share: 1, draw: (frame) => namedLines(drawn, { xLabel: "training examples", domain }, frame) };
}

/** Means of as many points as leave a curve that can be read. */
function stretches(curve: Run["curve"]): { x: number; y: number }[] {
  const size = Math.ceil(curve.length / MOST_POINTS);
  return Array.from({ length: Math.ceil(curve.length / size) || 0 }, (_, index) => {
    const own = curve.slice(index * size, (index + 1) * size);
    return { x: own.at(-1)?.at ?? 0, y: mean(own.map(({ loss }) => loss)) };
  });
}

/** From the lowest point up to where the last line has settled or ended: what is steep before may leave the frame. */
function settledRange(lines: readonly NamedLine[]): [low: number, high: number] {
  const values = lines.flatMap(({ points }) => points.map(({ y }) => y));
  const settled = lines.flatMap(({ points }) => [points[Math.floor(points.length / 8)]?.y, points.at(-1)?.y]);
  // A line that never comes down would press all others together.
  const sorted = settled.filter((y) => y !== undefined).sort((a, b) => a - b);
  return [Math.min(...values), sorted[Math.floor(0.9 * (sorted.length - 1))] ?? 1];
}

/** How much a wrong rate costs: the validation loss of the first seed. */
export function ratePanel({ outcomes }: Study): Panel | undefined {
  const searched = outcomes.flatMap(({ contestant, rate, tuned }) => {
    if (tuned === undefined) return [];
    const points = tuned.tried
      .filter(({ loss }) => Number.isFinite(loss))
      .map((one) => ({ x: one.rate / rate, y: one.loss }));
    return points.length === 0 ? [] : [{ name: contestant, points }];
  });
  if (searched.length === 0) return undefined;
  const [least] = rangeOf(searched.flatMap(({ points }) => points.map(({ y }) => y)));
  const lines = searched
    .map(({ name, points }) => ({ name, points: points.filter(({ y }) => y < least + SHOWN_LOSS) }))
    .filter(({ points }) => points.length > 0);
  return {
    title: "Validation loss against the rate, as a factor of the rule’s best",
    share: 1,
    draw: (frame) =>
      namedLines(
        lines,
        {
          xLabel: "rate / best rate",
          logarithmic: true,
          dots: true,
          ticks: [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16],
          tickFormat: (x) => (x < 1 ? `1/${1 / x}` : String(x)),
        },
        frame,
      ),
  };
}

/** Who gains where: the loss beside a base's, by how often an example's rarest row was trained on. Mean over seeds. */
export function countPanel(study: Study, only?: RegExp): Panel | undefined {
  const main = mainOutcomes(study);
  const known = main.filter(({ runs }) => runs[0]?.byCount !== undefined);
  const base = known.find(({ contestant }) => contestant === "sgd") ?? known[0];
  if (base === undefined) return undefined;
  const lines = main
    .filter((outcome) => outcome !== base && (only === undefined || only.test(outcome.contestant)))
    .map(({ contestant, runs }) => ({ name: contestant, points: differences(runs, base.runs) }));
  const drawn = lines.filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return undefined;
  const axes = { xLabel: "count of the rarest row", logarithmic: true, dots: true, zero: true } as const;
  return {
    title: `Test loss above that of ${base.contestant}, by how often the rarest row of an example was seen`,
    share: 1,
    draw: (frame) => namedLines(drawn, { ...axes, tickFormat: (x) => (x < 1 ? "0" : shortCount(x)) }, frame),
  };
}

function differences(runs: readonly Run[], base: readonly Run[]): { x: number; y: number }[] {
  return (base[0]?.byCount ?? []).flatMap(({ from, examples }) => {
    if (examples < FEWEST_EXAMPLES) return [];
    const lossOf = (run: Run | undefined): number => run?.byCount?.find((one) => one.from === from)?.loss ?? Number.NaN;
    const own = runs.map((run, seed) => lossOf(run) - lossOf(base[seed])).filter(Number.isFinite);
    return own.length === 0 ? [] : [{ x: Math.max(from, 0.5), y: mean(own) }];
  });
}

function shortCount(count: number): string {
  return count >= 1000 ? `${Math.round(count / 1000)}k` : String(count);
}
