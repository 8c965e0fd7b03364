/** MovieLens-1M: will a user like a film? */
import { type Examples, readMovieLens, split } from "tallygrad/models";
import { contestants } from "../../src/compare/contestants.js";
import { machineSetting, type Split } from "../../src/compare/machines.js";
import { type Numbered, numbered } from "../../src/compare/numbered.js";
import type { Setting } from "../../src/compare/study.js";

const SEEDS = [1, 2, 3];
/** Who is run on more than user and film from the usual first vectors. */
const MAIN = /^(tallygrad.*|cf-sgd, normalised, capped|sgd|adagrad|rowwise-adagrad, accumulator 1|adam)$/;
const FIT = { epochs: 10, batchSize: 1024, validateEvery: 0.5, earlyStopping: { patience: 2 } };

/** Settings (a): user and film from narrow and from wide first vectors, all features, and DeepFM over all features. */
export async function movieLensSettings(folder: string): Promise<Setting[]> {
  const { examples, fields } = await readAll(folder);
  const ids = ["user", "movie"];
  const narrowed: Examples = { labels: examples.labels, columns: only(examples.columns, ids) };
  const main = contestants.filter(({ name }) => MAIN.test(name));
  const same = { dim: 16, seeds: SEEDS, contestants };
  return [
    machineSetting({
      ...same,
      name: "movielens-ids",
      deep: false,
      fields: only(fields, ids),
      fit: FIT,
      splitOf: splits(narrowed),
    }),
    machineSetting({
      ...same,
      name: "movielens-wide",
      deep: false,
      contestants: main,
      fields: only(fields, ids),
      init: { type: "normal", scale: 0.05 },
      fit: FIT,
      splitOf: splits(narrowed),
    }),
    machineSetting({
      ...same,
      name: "movielens-all",
      deep: false,
      contestants: main,
      fields,
      fit: FIT,
      splitOf: splits(examples),
    }),
    machineSetting({
      ...same,
      name: "movielens-deepfm",
      deep: true,
      contestants: main,
      fields,
      fit: { ...FIT, epochs: 4 },
      splitOf: splits(examples),
    }),
  ];
}

/** User and film of all ratings. */
export async function movieLensIds(folder: string): Promise<Numbered> {
  const { examples, fields } = await readAll(folder);
  const ids = ["user", "movie"];
  return { fields: only(fields, ids), examples: { labels: examples.labels, columns: only(examples.columns, ids) } };
}

function only<T>(all: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
}

/** Random shares of 80, 10 and 10 percent; the last ones made are kept. */
function splits(examples: Examples): (seed: number) => Split {
  let made: { seed: number; split: Split } | undefined;
  return (seed) => {
    if (made?.seed !== seed) {
      const [train, validation, test] = split(examples, [0.8, 0.1, 0.1], seed) as [Examples, Examples, Examples];
      made = { seed, split: { train, validation, test } };
    }
    return made.split;
  };
}

/** All features, as ids. */
async function readAll(folder: string): Promise<Numbered> {
  return numbered(await readMovieLens(folder, { features: "all" }).all());
}
