/**
 * How fast rows would learn now, against how often they occurred: a sample of a trained table's rows that is even on a
 * logarithmic scale of tallies, so that the few frequent rows are seen as well as the many rare ones.
 */
import type { EmbeddingTable } from "tallygrad";
import { at } from "./at.js";

export interface RateSample {
  readonly tally: number;
  /** The rate the row would get if it occurred once in the next step. */
  readonly rate: number;
}

export interface RateSamples {
  readonly samples: readonly RateSample[];
  /**
   * Slope of the least-squares line through the logarithms of the samples with a tally of at least `leastHeadTally`: -0.5 is a
   * rate of 1/sqrt(tally). Null if there are too few of them for a slope to mean anything.
   */
  readonly headSlope: number | null;
}

/** From here on a slope is taken: caps and starts have worn off. */
export const leastHeadTally = 1000;
const fewestForSlope = 10;
const binsPerFactorOfTwo = 2;
const rowsPerBin = 6;

export function sampleRates(table: EmbeddingTable): RateSamples {
  const tallies = table.tallies();
  const rows = Uint32Array.from(evenOnLogScale(tallies));
  const samples = Array.from(table.rates(rows), (rate, index) => ({ tally: at(tallies, at(rows, index)), rate }));
  return { samples, headSlope: logLogSlope(samples.filter(({ tally }) => tally >= leastHeadTally)) };
}

/** Rows that occurred, at most `rowsPerBin` for each bin of tallies, spread evenly over the bin's rows. */
function evenOnLogScale(tallies: Float64Array): number[] {
  const bins = new Map<number, number[]>();
  tallies.forEach((tally, row) => {
    if (tally === 0) return;
    const bin = Math.floor(binsPerFactorOfTwo * Math.log2(tally));
    const members = bins.get(bin);
    if (members) members.push(row);
    else bins.set(bin, [row]);
  });
  const inOrder = [...bins].sort(([a], [b]) => a - b);
  return inOrder.flatMap(([, members]) => {
    const taken = Math.min(rowsPerBin, members.length);
    return Array.from({ length: taken }, (_, index) => at(members, Math.floor((index * members.length) / taken)));
  });
}

function logLogSlope(samples: readonly RateSample[]): number | null {
  if (samples.length < fewestForSlope) return null;
  const x = samples.map(({ tally }) => Math.log(tally));
  const y = samples.map(({ rate }) => Math.log(rate));
  const meanX = mean(x);
  const meanY = mean(y);
  const covariance = mean(x.map((value, index) => (value - meanX) * (at(y, index) - meanY)));
  return covariance / mean(x.map((value) => (value - meanX) ** 2));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
