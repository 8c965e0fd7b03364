/** What a study came to, a row an outcome, best first: the report's table, the terminal's, and JSON are views of it. */
import { mean, type Outcome, type Study, shortRate, spreadOf } from "./study.js";

export interface Rank {
  contestant: string;
  /** How its rate came about: searched for with the optimum inside, at an edge of what was tried, or given. */
  how: "tuned" | "edge" | "given";
  rate: number;
  /** By name, of each seed. */
  figures: Record<string, number[]>;
  diverged: boolean;
  /** The mean, over seeds, of the first figure's distance to the best on the same seed. */
  behind: number;
  /** Examples or words a second, mean over seeds. */
  speed: number;
  stateBytes: number;
}

/** @param better 1 if the first figure is the better the lower it is, -1 if the higher. */
export function ranking({ outcomes }: Study, better: 1 | -1 = 1): Rank[] {
  const [first = ""] = figureNames(outcomes);
  const figureOf = ({ runs }: Outcome, seed: number): number => better * (runs[seed]?.test[first] ?? Number.NaN);
  const best = (outcomes[0]?.runs ?? []).map((_, seed) =>
    Math.min(...outcomes.map((outcome) => figureOf(outcome, seed)).filter(Number.isFinite)),
  );
  const ranks = outcomes.map((outcome): Rank => {
    const { contestant, rate, tuned, runs } = outcome;
    const behind = mean(best.map((lowest, seed) => figureOf(outcome, seed) - lowest));
    return {
      contestant,
      how: tuned === undefined ? "given" : tuned.interior ? "tuned" : "edge",
      rate,
      figures: Object.fromEntries(
        figureNames(outcomes).map((name) => [name, runs.map(({ test }) => test[name] ?? Number.NaN)]),
      ),
      diverged: !Number.isFinite(behind),
      behind,
      speed: mean(runs.map(({ speed }) => speed)),
      stateBytes: runs[0]?.stateBytes ?? Number.NaN,
    };
  });
  const last = Number.MAX_VALUE;
  return ranks.sort((a, b) => (a.diverged ? last : a.behind) - (b.diverged ? last : b.behind));
}

export function figureNames(outcomes: readonly Outcome[]): string[] {
  return Object.keys(outcomes[0]?.runs[0]?.test ?? {});
}

/** Five decimals for losses, which differ in the third and fourth; four for the others. */
export function figureText(rank: Rank, name: string): string {
  return spreadOf(rank.figures[name] ?? [], name.endsWith("loss") ? 5 : 4);
}

export function rateText({ rate, how }: Rank): string {
  const said = { tuned: "", edge: ", an edge", given: ", given" }[how];
  return `${shortRate(rate)}${said}`;
}

/** Grouped by thousands. */
export function countText(count: number): string {
  return Number.isFinite(count) ? Math.round(count).toLocaleString("en-US") : "–";
}
