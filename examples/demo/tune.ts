/**
 * The search that found the settings in `optimizers.ts`, so that anyone can redo it:
 *
 *     npx tsx examples/demo/tune.ts                  # the synthetic click log, about 2 minutes on 2 cores
 *     npx tsx examples/demo/tune.ts --data DIR       # MovieLens-1M, about 8 minutes
 *
 * Each setting lies on a grid of factors of 2. The search starts from a guess, tries both neighbours along every setting, moves
 * to the best, and ends where every neighbour was tried and none is better: the optimum is interior by construction. What
 * counts is the mean log-loss over seeds that the demo does not use: of the test examples (click log) or of validation (MovieLens).
 */
import { parseArgs } from "node:util";
import type { Optimizer } from "tallygrad";
import { makeClickLog } from "./click-log.js";
import type { Dataset } from "./dataset.js";
import { formatLoss } from "./format.js";
import { logLoss } from "./metrics.js";
import { loadMovieLens } from "./movielens.js";
import { describeSettings } from "./optimizers.js";
import { clickLogTestExamples, clickLogTrainExamples, recipeFor } from "./recipes.js";
import { train } from "./training.js";

/** Where each search starts; every number in it is tuned. The first has none: it is what the others are up against. */
const starts: readonly Optimizer[] = [
  { type: "tallygrad" },
  { type: "sgd", lr: 0.005 },
  { type: "cf-sgd", lr: 0.2, maxLr: 0.01, normalize: true },
  { type: "cf-sgd", lr: 0.1, maxLr: 0.01 },
  { type: "adagrad", lr: 0.02 },
  { type: "rowwise-adagrad", lr: 0.05, accumulator: 1 },
  { type: "adam", lr: 0.001 },
];

interface Trial {
  readonly optimizer: Optimizer;
  /** Infinite if training diverged. */
  readonly loss: number;
}

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: "string" },
      seeds: { type: "string", default: "101,102,103" },
      only: { type: "string" },
    },
  });
  const datasets = new Map(
    values.seeds.split(",").map((seed) => [Number(seed), loadDataset(values.data, Number(seed))]),
  );
  for (const start of starts) {
    if (values.only !== undefined && values.only !== start.type) continue;
    console.log(start.type);
    const { optimizer, loss } = await climb(start, (candidate) => meanLoss(datasets, candidate));
    console.log(`  best: ${describeSettings(optimizer)}, log-loss ${formatLoss(loss)}`);
  }
}

function loadDataset(folder: string | undefined, seed: number): Dataset {
  if (folder !== undefined) return loadMovieLens(folder, seed);
  return makeClickLog({ seed, trainExamples: clickLogTrainExamples, testExamples: clickLogTestExamples });
}

/** Moves to the best neighbour until none is better. */
async function climb(start: Optimizer, lossOf: (optimizer: Optimizer) => Promise<number>): Promise<Trial> {
  const losses = new Map<string, number>();
  async function trial(optimizer: Optimizer): Promise<Trial> {
    const settings = describeSettings(optimizer);
    const loss = losses.get(settings) ?? (await lossOf(optimizer));
    losses.set(settings, loss);
    return { optimizer, loss };
  }
  let best = await trial(start);
  for (;;) {
    const center = best;
    for (const neighbour of neighbours(center.optimizer)) {
      const candidate = await trial(neighbour);
      if (candidate.loss < best.loss) best = candidate;
    }
    if (best === center) return best;
  }
}

/** The same optimizer with one number halved or doubled. */
function neighbours(optimizer: Optimizer): Optimizer[] {
  return Object.entries(optimizer).flatMap(([name, value]) => {
    if (typeof value !== "number") return [];
    // Six digits keep a value that was halved and doubled again the same in print.
    return [0.5, 2].map((factor) => ({ ...optimizer, [name]: Number((value * factor).toPrecision(6)) }));
  });
}

async function meanLoss(datasets: ReadonlyMap<number, Dataset>, optimizer: Optimizer): Promise<number> {
  let sum = 0;
  for (const [seed, data] of datasets) sum += await lossOn(data, seed, optimizer);
  const mean = sum / datasets.size;
  console.log(`  ${describeSettings(optimizer).padEnd(40)} ${mean < 1 ? formatLoss(mean) : "diverged"}`);
  return mean;
}

async function lossOn(data: Dataset, seed: number, optimizer: Optimizer): Promise<number> {
  const training = await train(data, optimizer, recipeFor(data, seed));
  if (!training) return Number.POSITIVE_INFINITY;
  const scored = data.validation ?? data.test;
  const loss = logLoss(training.model.predict(scored), scored.labels);
  training.model.dispose();
  return Number.isNaN(loss) ? Number.POSITIVE_INFINITY : loss;
}
