/** MovieLens-1M: will a user like a film? */
import type { Key } from "tallygrad";
import { type Examples, type Field, readMovieLens, split } from "tallygrad/models";
import { contestants } from "./contestants.js";
import { machineSetting, type Split } from "./machines.js";
import type { Setting } from "./study.js";

const SEEDS = [1, 2, 3];
/** Who is run with wider first vectors as well. */
const WIDE = /^(tallygrad.*|cf-sgd, normalised, capped|sgd|adagrad|rowwise-adagrad, accumulator 1|adam)$/;
const FIT = { epochs: 10, batchSize: 1024, validateEvery: 0.5, earlyStopping: { patience: 2 } };

/** Settings (a): user and film from narrow and from wide first vectors, all features, and DeepFM over all features. */
export async function movieLensSettings(folder: string): Promise<Setting[]> {
  const { examples, fields } = await readAll(folder);
  const ids = ["user", "movie"];
  const narrowed: Examples = { labels: examples.labels, columns: only(examples.columns, ids) };
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
      contestants: contestants.filter(({ name }) => WIDE.test(name)),
      fields: only(fields, ids),
      init: { type: "normal", scale: 0.05 },
      fit: FIT,
      splitOf: splits(narrowed),
    }),
    machineSetting({ ...same, name: "movielens-all", deep: false, fields, fit: FIT, splitOf: splits(examples) }),
    machineSetting({
      ...same,
      name: "movielens-deepfm",
      deep: true,
      fields,
      fit: { ...FIT, epochs: 4 },
      splitOf: splits(examples),
    }),
  ];
}

/** User and film of all ratings. */
export async function movieLensIds(folder: string): Promise<{ examples: Examples; fields: Record<string, Field> }> {
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

/** All features, each field's keys numbered as they first occur. */
async function readAll(folder: string): Promise<{ examples: Examples; fields: Record<string, Field> }> {
  const { columns, labels } = await readMovieLens(folder, { features: "all" }).all();
  const numbered = Object.entries(columns).map(([name, column]) => {
    const bag = "offsets" in column;
    const known = new Map<Key, number>();
    const ids = Uint32Array.from((bag ? column.values : column) as readonly Key[], (key) => {
      const id = known.get(key) ?? known.size;
      known.set(key, id);
      return id;
    });
    const field: Field = bag ? { rows: known.size, bag: "mean" } : known.size;
    return [name, bag ? { ...column, values: ids } : ids, field] as const;
  });
  return {
    examples: { labels, columns: Object.fromEntries(numbered.map(([name, column]) => [name, column])) },
    fields: Object.fromEntries(numbered.map(([name, , field]) => [name, field])),
  };
}
