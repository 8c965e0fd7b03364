/**
 * What a rule has made of its rows, against how often they occurred: a sample of a trained table's rows that is even on a logarithmic scale of
 * tallies, so that the few frequent rows are seen as well as the many rare ones.
 */
import type { EmbeddingTable } from "tallygrad";
import { readSafetensors } from "tallygrad/formats";

/** A row: how often it occurred, and something of it. */
export interface CountAnd {
  count: number;
  value: number;
}

/** The least-squares line through logarithms. */
export interface Line {
  slope: number;
  r2: number;
}

const BINS_PER_FACTOR_OF_TWO = 2;
const ROWS_PER_BIN = 6;

/** The rate that rows would get if they occurred once in the next step. */
export function ratesByCount(table: EmbeddingTable): CountAnd[] {
  const tallies = table.tallies();
  const rows = Uint32Array.from(evenOnLogScale(tallies));
  return Array.from(table.rates(rows), (value, index) => ({ count: tallies[rows[index] ?? 0] ?? 0, value }));
}

/** Of Adagrad: the mean of a row's accumulators, of a sample of rows; and the line through all rows that occurred. */
export async function accumulatorsByCount(table: EmbeddingTable): Promise<{ rows: CountAnd[] } & Line> {
  const { dim } = table;
  const tallies = table.tallies();
  const { weights: state } = await readSafetensors(await table.save(), { tensor: "state.0" });
  const meanOf = (row: number): number => {
    let sum = 0;
    for (let d = 0; d < dim; d++) sum += state[row * dim + d] ?? 0;
    return sum / dim;
  };
  const all = Array.from(tallies, (count, row) => ({ count, value: meanOf(row) })).filter(
    ({ count, value }) => count > 0 && value > 0,
  );
  const sample = evenOnLogScale(tallies).map((row) => ({ count: tallies[row] ?? 0, value: meanOf(row) }));
  return { rows: sample.filter(({ value }) => value > 0), ...fitted(all) };
}

/** Rows that occurred, a few for each bin of tallies, spread evenly over the bin's rows. */
function evenOnLogScale(tallies: Float64Array): number[] {
  const bins = new Map<number, number[]>();
  for (const [row, tally] of tallies.entries()) {
    if (tally === 0) continue;
    const bin = Math.floor(BINS_PER_FACTOR_OF_TWO * Math.log2(tally));
    const members = bins.get(bin);
    if (members === undefined) bins.set(bin, [row]);
    else members.push(row);
  }
  const inOrder = [...bins].sort(([a], [b]) => a - b);
  return inOrder.flatMap(([, members]) => {
    const taken = Math.min(ROWS_PER_BIN, members.length);
    return Array.from({ length: taken }, (_, index) => members[Math.floor((index * members.length) / taken)] ?? 0);
  });
}

/** Of all points that have a logarithm. */
export function fitted(points: readonly CountAnd[]): Line {
  const logs = points.map(({ count, value }) => [Math.log(count), Math.log(value)] as const);
  const mean = (of: (point: readonly [number, number]) => number): number =>
    logs.reduce((sum, point) => sum + of(point), 0) / logs.length;
  const [x, y] = [mean((point) => point[0]), mean((point) => point[1])];
  const xy = mean((point) => (point[0] - x) * (point[1] - y));
  const [xx, yy] = [mean((point) => (point[0] - x) ** 2), mean((point) => (point[1] - y) ** 2)];
  return { slope: xy / xx, r2: (xy * xy) / (xx * yy) };
}
