/**
 * How much sooner a row is learned if its rate follows from how often it occurs: the experiment behind the bounds of Li et al. (2022), on a problem whose every
 * expectation is known. Row k occurs with probability p_k and costs |w - w*|^2 / 2 (L = 1); gradients have noise of variance 1 an element.
 *
 * For SGD and FA-SGD the expected error of a row obeys a linear recursion, so its mean over a run is known exactly; FA-SGD and CF-SGD are
 * also run through tables, one occurrence a step. A row's speed-up is how many times as many steps SGD takes to the same mean squared gradient.
 */
import { EmbeddingTable, type Optimizer } from "tallygrad";
import { mulberry32 } from "../workload.js";

/** A distribution of rows. */
export interface Tail {
  name: string;
  probabilities: Float64Array;
}

/** What came of one row. */
export interface RowResult {
  /** Its rank, from 1. */
  rank: number;
  /** The sum of all p^2, over its p: the speed-up that the bounds promise. */
  bound: number;
  /** Speed-ups of FA-SGD as the recursion has it, and of both as tables had it. */
  exact: number;
  fa: number;
  cf: number;
}

const DIM = 32;
const ROWS = 100;
/** The cap 1 / (4L). */
const MOST_RATE = 0.25;

export const tails: readonly Tail[] = [
  { name: "exponential", probabilities: normalised((rank) => Math.exp(-0.08 * rank)) },
  { name: "k^-2", probabilities: normalised((rank) => rank ** -2) },
  { name: "k^-1", probabilities: normalised((rank) => 1 / rank) },
];

function normalised(weight: (rank: number) => number): Float64Array {
  const weights = Float64Array.from({ length: ROWS }, (_, index) => weight(index + 1));
  const sum = weights.reduce((all, one) => all + one, 0);
  return weights.map((one) => one / sum);
}

/** The mean over `steps` steps of a row's expected squared error an element, which is 1 at first: e' = e (1 - p (2 r - r^2)) + p r^2. */
export function meanError(p: number, rate: number, steps: number): number {
  const shrinking = p * (2 * rate - rate * rate);
  const end = (p * rate * rate) / shrinking;
  return end + ((1 - end) * -Math.expm1(steps * Math.log1p(-shrinking))) / (steps * shrinking);
}

/** The rates that the bounds are best at: Delta = 1/2 an element, variance 1. */
const sgdRate = (squares: number, steps: number): number => Math.min(MOST_RATE, 1 / Math.sqrt(steps * squares));
const faRate = (p: number, steps: number): number => Math.min(MOST_RATE, 1 / Math.sqrt(steps * p));

/** Steps after which SGD, at its best rate for so many, has a mean error of `level` in a row of probability `p`. */
function sgdSteps(p: number, squares: number, level: number): number {
  let [low, high] = [0, 60];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (meanError(p, sgdRate(squares, 2 ** middle), 2 ** middle) > level) low = middle;
    else high = middle;
  }
  return 2 ** low;
}

/** Runs one optimizer through a table, an occurrence a step; gives each row's mean squared error an element over the run. */
export function simulate(
  optimizer: Optimizer,
  probabilities: Float64Array,
  steps: number,
  random: () => number,
): Float64Array {
  using table = new EmbeddingTable({
    rows: ROWS,
    dim: DIM,
    optimizer,
    init: new Float32Array(ROWS * DIM).fill(1),
    threads: 1,
  });
  const cumulative = Float64Array.from(probabilities);
  for (let row = 1; row < ROWS; row++) cumulative[row] = (cumulative[row] ?? 0) + (cumulative[row - 1] ?? 0);
  const [id, weights, gradient] = [new Uint32Array(1), new Float32Array(DIM), new Float32Array(DIM)];
  // Errors change only where a row occurs: each is counted for the steps since then.
  const [errors, since, sums] = [new Float64Array(ROWS).fill(1), new Float64Array(ROWS), new Float64Array(ROWS)];
  for (let step = 0; step < steps; step++) {
    const draw = random();
    let row = 0;
    for (let width = 64; width > 0; width >>= 1)
      if (row + width < ROWS && (cumulative[row + width - 1] ?? 0) <= draw) row += width;
    id[0] = row;
    table.lookup(id, weights);
    for (let d = 0; d < DIM; d++) gradient[d] = (weights[d] ?? 0) + gaussian(random);
    table.update(id, gradient);
    table.lookup(id, weights);
    sums[row] = (sums[row] ?? 0) + (errors[row] ?? 0) * (step + 1 - (since[row] ?? 0));
    since[row] = step + 1;
    errors[row] = weights.reduce((sum, weight) => sum + weight * weight, 0) / DIM;
  }
  return sums.map((sum, row) => (sum + (errors[row] ?? 0) * (steps - (since[row] ?? 0))) / steps);
}

/** Rows whose speed-ups are the means of several runs. */
export function meanOf(runs: readonly RowResult[][]): RowResult[] {
  return (runs[0] ?? []).map((row, index) => {
    const mean = (of: "fa" | "cf"): number => runs.reduce((sum, run) => sum + (run[index]?.[of] ?? 0), 0) / runs.length;
    return { ...row, fa: mean("fa"), cf: mean("cf") };
  });
}

/** A standard normal number (Box and Muller). */
function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** All rows of a tail. */
export function speedUps({ probabilities }: Tail, steps: number, seed: number): RowResult[] {
  const random = mulberry32(seed);
  const squares = probabilities.reduce((sum, p) => sum + p * p, 0);
  const expectedCounts = probabilities.map((p) => p * steps);
  const fa = simulate({ type: "fa-sgd", lr: 1, expectedCounts, maxLr: MOST_RATE }, probabilities, steps, random);
  // The rate of row k is 1 / sqrt(count * horizon / step), which is 1 / sqrt(steps * p) where the count is what is expected.
  const cf = simulate({ type: "cf-sgd", lr: 1, horizon: steps, maxLr: MOST_RATE }, probabilities, steps, random);
  return Array.from(probabilities, (p, index) => {
    const speedUp = (error: number): number => sgdSteps(p, squares, error) / steps;
    return {
      rank: index + 1,
      bound: squares / p,
      exact: speedUp(meanError(p, faRate(p, steps), steps)),
      fa: speedUp(fa[index] ?? Number.NaN),
      cf: speedUp(cf[index] ?? Number.NaN),
    };
  });
}
