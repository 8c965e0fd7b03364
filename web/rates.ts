/**
 * The learning rate of a row against how often it occurred. All learners see the same clicks, so one sample of rows, even on a
 * logarithmic scale of tallies, serves them all, and their curves share an axis.
 */
import { at } from "../src/synthetic/at.js";
import type { Learner } from "./learner.js";

export interface RateCurves {
  /** Tallies of the sampled rows, ascending and distinct. */
  readonly tallies: readonly number[];
  /** For each learner the rates that these rows would get now; null for a learner that stopped, whose tallies are others. */
  readonly rates: readonly (readonly number[] | null)[];
  /** Rows that occurred at all. */
  readonly seen: number;
  /** How often the median of those occurred. */
  readonly median: number;
}

const rowsPerFactorOfTwo = 4;

export function measureRates(learners: readonly Learner[]): RateCurves {
  const alive = learners.find(({ hasStopped }) => !hasStopped);
  if (!alive) return { tallies: [], rates: learners.map(() => null), seen: 0, median: 0 };
  const tallies = alive.table.tallies();
  const order = Uint32Array.from(tallies.keys())
    .filter((row) => at(tallies, row) > 0)
    .sort((a, b) => at(tallies, a) - at(tallies, b));
  const rows = order.filter((row, position) => {
    if (position === order.length - 1) return true;
    const next = at(tallies, at(order, position + 1));
    return bin(next) > bin(at(tallies, row));
  });
  return {
    tallies: Array.from(rows, (row) => at(tallies, row)),
    rates: learners.map(({ table, hasStopped }) => (hasStopped ? null : Array.from(table.rates(rows)))),
    seen: order.length,
    median: order.length > 0 ? at(tallies, at(order, Math.floor(order.length / 2))) : 0,
  };
}

/** Of the rows that fall into one bin, the one that occurred most is taken. */
function bin(tally: number): number {
  return Math.floor(rowsPerFactorOfTwo * Math.log2(tally));
}
