/**
 * The search that found the settings in `optimizers.ts`, so that anyone can redo it:
 *
 *     npx tsx examples/demo/tune.ts                  # the synthetic click log, about 10 minutes on 2 cores
 *     npx tsx examples/demo/tune.ts --data DIR       # MovieLens-1M, about 10 minutes
 *
 * Each setting lies on a grid of factors of 2. The search starts from a guess, tries both neighbours along every setting, moves
 * to the best, and ends where every neighbour was tried and is worse: the optimum is interior by construction. What counts is
 * the mean log-loss over seeds that the demo does not use: of the test examples (click log) or of validation (MovieLens).
 */
import { parseArgs } from "node:util";
import type { Optimizer } from "tallygrad";
import { makeClickLog } from "./click-log.js";
import type { Dataset } from "./dataset.js";
import { logLoss } from "./metrics.js";
import { loadMovieLens } from "./movielens.js";
import { describeSettings } from "./optimizers.js";
import { clickLogTestExamples, clickLogTrainExamples, recipeFor } from "./recipes.js";
import { train } from "./training.js";

/** A point of a grid: the value of each setting. */
type Settings = Readonly<Record<string, number>>;

interface Family {
  readonly name: string;
  readonly start: Settings;
  make(settings: Settings): Optimizer;
}

const families: readonly Family[] = [
  // Nothing to tune: what the others are up against.
  { name: "tallygrad", start: {}, make: () => ({ type: "tallygrad" }) },
  { name: "sgd", start: { lr: 0.005 }, make: ({ lr }) => ({ type: "sgd", lr }) },
  {
    name: "cf-sgd",
    start: { lr: 0.2, maxLr: 0.01 },
    make: ({ lr, maxLr }) => ({ type: "cf-sgd", lr, maxLr, normalize: true }),
  },
  {
    name: "cf-sgd-bare",
    start: { lr: 0.1, maxLr: 0.01 },
    make: ({ lr, maxLr }) => ({ type: "cf-sgd", lr, maxLr }),
  },
  { name: "adagrad", start: { lr: 0.02 }, make: ({ lr }) => ({ type: "adagrad", lr }) },
  {
    name: "rowwise-adagrad",
    start: { lr: 0.05, accumulator: 1 },
    make: ({ lr, accumulator }) => ({ type: "rowwise-adagrad", lr, accumulator }),
  },
  { name: "adam", start: { lr: 0.001 }, make: ({ lr }) => ({ type: "adam", lr }) },
];

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: "string" },
      seeds: { type: "string", default: "101,102,103" },
      only: { type: "string" },
    },
  });
  const seeds = values.seeds.split(",").map(Number);
  const datasets = seeds.map((seed) => loadDataset(values.data, seed));
  for (const family of families) {
    if (values.only !== undefined && values.only !== family.name) continue;
    console.log(family.name);
    const { settings, loss } = await climb(family.start, (candidate) =>
      meanLoss(datasets, seeds, family.make(candidate)),
    );
    console.log(`  best: ${describeSettings(family.make(settings))}, log-loss ${loss.toFixed(5)}`);
  }
}

function loadDataset(folder: string | undefined, seed: number): Dataset {
  if (folder !== undefined) return loadMovieLens(folder, seed);
  return makeClickLog({ seed, trainExamples: clickLogTrainExamples, testExamples: clickLogTestExamples });
}

/** Moves to the best neighbour until none is better. */
async function climb(start: Settings, lossAt: (settings: Settings) => Promise<number>) {
  const tried = new Map<string, number>();
  async function lookUp(settings: Settings): Promise<number> {
    const key = JSON.stringify(settings);
    const loss = tried.get(key) ?? (await lossAt(settings));
    tried.set(key, loss);
    return loss;
  }
  let best = { settings: start, loss: await lookUp(start) };
  for (;;) {
    const center = best;
    for (const neighbour of neighbours(center.settings)) {
      const loss = await lookUp(neighbour);
      if (loss < best.loss) best = { settings: neighbour, loss };
    }
    if (best === center) return best;
  }
}

function neighbours(settings: Settings): Settings[] {
  return Object.keys(settings).flatMap((name) =>
    [0.5, 2].map((factor) => ({ ...settings, [name]: Number((settings[name] * factor).toPrecision(6)) })),
  );
}

/** The mean over data sets; infinite if training diverged on one of them. */
async function meanLoss(datasets: readonly Dataset[], seeds: readonly number[], optimizer: Optimizer): Promise<number> {
  let sum = 0;
  for (const [index, data] of datasets.entries()) sum += await lossOn(data, seeds[index], optimizer);
  const mean = sum / datasets.length;
  console.log(`  ${describeSettings(optimizer).padEnd(50)} ${mean.toFixed(5)}`);
  return mean;
}

async function lossOn(data: Dataset, seed: number, optimizer: Optimizer): Promise<number> {
  try {
    const { model } = await train(data, optimizer, recipeFor(data, seed));
    const scored = data.validation ?? data.test;
    const loss = logLoss(model.predict(scored), scored.labels);
    model.dispose();
    return Number.isFinite(loss) ? loss : Number.POSITIVE_INFINITY;
  } catch (error) {
    // A rate that is too high ends in gradients that are not finite, which the table refuses.
    if (error instanceof RangeError && "code" in error && error.code === "ERR_NON_FINITE")
      return Number.POSITIVE_INFINITY;
    throw error;
  }
}
