/**
 * How fast rows would learn now, against how often they occurred: a sample of a trained table's rows that is even on a
 * logarithmic scale of tallies, so that the few frequent rows are seen as well as the many rare ones.
 */
import type { EmbeddingTable } from "tallygrad";

export interface RateSample {
  readonly tally: number;
  /** The rate the row would get if it occurred once in the next step. */
  readonly rate: number;
}

export interface RateSamples {
  readonly samples: readonly RateSample[];
  /** Slope of the least-squares line through the samples' logarithms: -0.5 is a rate of 1/sqrt(tally). */
  readonly slope: number;
}

const binsPerFactorOfTwo = 2;
const rowsPerBin = 6;

export function sampleRates(table: EmbeddingTable): RateSamples {
  const tallies = table.tallies();
  const rows = Uint32Array.from(evenOnLogScale(tallies));
  const samples = Array.from(table.rates(rows), (rate, index) => ({ tally: tallies[rows[index]], rate }));
  return { samples, slope: logLogSlope(samples) };
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
    return Array.from({ length: taken }, (_, index) => members[Math.floor((index * members.length) / taken)]);
  });
}

function logLogSlope(samples: readonly RateSample[]): number {
  const points = samples.filter(({ rate }) => rate > 0).map(({ tally, rate }) => [Math.log(tally), Math.log(rate)]);
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const variance = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return covariance / variance;
}
