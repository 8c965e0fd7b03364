/** The page's sentences about a run. Every number in them comes from the snapshot, and they hold whichever way the run went. */
import { at } from "../src/synthetic/at.js";
import type { LearnerSnapshot, Snapshot } from "./experiment.js";
import { runLength } from "./run.js";

/** Grouped by thousands. (The engine's own way to do it takes some ten milliseconds when first used.) */
export function writeCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Two significant digits, as rates are read. */
function writeRate(rate: number): string {
  return String(Number(rate.toPrecision(2)));
}

/** The curves, in words. */
export function describeLosses({ examples, learners }: Snapshot): string {
  if (examples === 0) return "Nothing is learned yet.";
  return `After ${writeCount(examples)} visits ${list(learners.map(describeLoss))}.`;
}

function describeLoss({ name, aboveOracle, hasDiverged }: LearnerSnapshot): string {
  return hasDiverged ? `${name} has diverged` : `${name} is ${(aboveOracle.at(-1) ?? 0).toFixed(4)} above the oracle`;
}

/** The rates, in words. */
export function describeRates({ learners, rates: { tallies, rates, seen, median } }: Snapshot): string {
  if (tallies.length === 0) return "There are no rates to show.";
  const least = at(tallies, 0);
  const most = at(tallies, tallies.length - 1);
  const lines = learners.flatMap(({ name }, index) => {
    const line = at(rates, index);
    return line ? [describeLine(name, at(line, 0), at(line, line.length - 1))] : [];
  });
  return `From a count of ${writeCount(least)} to one of ${writeCount(most)}: ${list(lines)}. Half of the ${writeCount(seen)} rows that occurred have a count of at most ${writeCount(median)}.`;
}

function describeLine(name: string, first: number, last: number): string {
  return first === last ? `${name} stays at ${writeRate(first)}` : `${name} ${writeRate(first)} to ${writeRate(last)}`;
}

/** Who came nearest to the oracle, once the run is over. */
export function describeOutcome({ learners }: Snapshot): string {
  const inOrder = learners
    .filter(({ hasDiverged }) => !hasDiverged)
    .sort((a, b) => (a.logLoss ?? 0) - (b.logLoss ?? 0))
    .map(({ name }) => name);
  const diverged = learners.filter(({ hasDiverged }) => hasDiverged).map(({ name }) => name);
  const order = inOrder.length > 0 ? `Nearest to the oracle: ${inOrder.join(", then ")}.` : "";
  const rest = diverged.length > 0 ? `${list(diverged)} diverged.` : "";
  return `Done. ${order} ${rest}`.replace(/ +/g, " ").trim();
}

export function describeProgress({ examples }: Snapshot): string {
  return `${writeCount(examples)} of ${writeCount(runLength)} visits`;
}

function list(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
