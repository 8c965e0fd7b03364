/** MovieLens-1M: will a user like a film? */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Examples, type Field, split } from "tallygrad/models";
import { contestants } from "./contestants.js";
import { machineSetting, type Split } from "./machines.js";
import type { Setting } from "./study.js";

const SEEDS = [1, 2, 3];
const LIKED_FROM = 4;
const FIT = { epochs: 10, batchSize: 1024, validateEvery: 0.5, earlyStopping: { patience: 2 } };

/** Settings (a): user and film, all features, and DeepFM over all features. */
export function movieLensSettings(folder: string): Setting[] {
  const { examples, fields } = readAll(folder);
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
export function movieLensIds(folder: string): { examples: Examples; fields: Record<string, Field> } {
  const { examples, fields } = readAll(folder);
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

function readAll(folder: string): { examples: Examples; fields: Record<string, Field> } {
  const rows = (file: string): string[][] =>
    readFileSync(join(folder, file), "latin1")
      .trimEnd()
      .split(/\r?\n/)
      .map((line) => line.split("::"));
  const categories = (): { of: (value: string) => number; size: () => number } => {
    const known = new Map<string, number>();
    return {
      size: () => known.size,
      of: (value) => {
        const id = known.get(value) ?? known.size;
        known.set(value, id);
        return id;
      },
    };
  };
  const traits = ["gender", "age", "occupation", "zip"].map((name) => ({ name, ...categories() }));
  const genre = categories();
  const users = new Map(
    rows("users.dat").map(([id = "", ...values]) => [id, traits.map(({ of }, at) => of(values[at] ?? ""))]),
  );
  const genres = new Map(rows("movies.dat").map(([id = "", _, names = ""]) => [id, names.split("|").map(genre.of)]));
  const ratings = rows("ratings.dat");
  const [user, movie] = [categories(), categories()];
  const values = ratings.flatMap(([, film = ""]) => genres.get(film) ?? []);
  const offsets = new Uint32Array(ratings.length + 1);
  for (const [at, [, film = ""]] of ratings.entries())
    offsets[at + 1] = (offsets[at] ?? 0) + (genres.get(film)?.length ?? 0);
  const columns: Examples["columns"] = {
    user: Uint32Array.from(ratings, ([id = ""]) => user.of(id)),
    movie: Uint32Array.from(ratings, ([, id = ""]) => movie.of(id)),
    ...Object.fromEntries(
      traits.map(({ name }, at) => [name, Uint32Array.from(ratings, ([id = ""]) => users.get(id)?.[at] ?? 0)]),
    ),
    genres: { values: Uint32Array.from(values), offsets },
  };
  const sizes = Object.fromEntries(traits.map(({ name, size }) => [name, size()]));
  return {
    examples: { columns, labels: Uint8Array.from(ratings, ([, , stars]) => (Number(stars) >= LIKED_FROM ? 1 : 0)) },
    fields: { user: user.size(), movie: movie.size(), ...sizes, genres: { rows: genre.size(), bag: "mean" } },
  };
}
