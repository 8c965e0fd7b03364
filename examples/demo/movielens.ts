/**
 * Reads a MovieLens-1M folder: `ratings.dat` (user::movie::rating, with or without ::timestamp) and, when present, `users.dat`
 * and `movies.dat`, whose titles are ISO-8859-1. A wrong or damaged file throws a `DataError` that names file, line and what was
 * expected there. Labels are "rating of 4 or 5"; examples are split 80/10/10 at random by seed.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { at } from "./at.js";
import { type Dataset, type Examples, positiveRate, reorderExamples, sliceExamples } from "./dataset.js";
import { formatCount } from "./format.js";
import { Random } from "./random.js";

/** A file that cannot be used; the message is one line: file, line, what was expected, what was found. */
export class DataError extends Error {}

/** What one rating says. */
interface Ratings {
  readonly users: number[];
  readonly movies: number[];
  readonly stars: number[];
}

const leastLikedStars = 4;

/** @throws DataError */
export function loadMovieLens(folder: string, seed: number): Dataset {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new DataError(`${folder}: expected a MovieLens-1M folder with ratings.dat, found no folder of that name`);
  }
  const knownUsers = readIds(join(folder, "users.dat"), "user::gender::age::occupation::zip");
  const knownMovies = readIds(join(folder, "movies.dat"), "movie::title::genres");
  const ratings = readRatings(join(folder, "ratings.dat"), knownUsers, knownMovies);
  return checkTrainable(split(ratings, seed), folder);
}

function readRatings(path: string, knownUsers: Set<number> | null, knownMovies: Set<number> | null): Ratings {
  const ratings: Ratings = { users: [], movies: [], stars: [] };
  const lines = readLines(path);
  if (!lines) throw new DataError(`${path}: expected a file of ratings, user::movie::rating a line, found no file`);
  const hasTimestamps = lines[0]?.split("::").length === 4;
  const shape = hasTimestamps ? "user::movie::rating::timestamp" : "user::movie::rating";
  lines.forEach((line, index) => {
    const place = new Place(path, index + 1);
    const fields = place.fields(line, shape);
    const [user, movie, stars] = [place.integer(fields[0]), place.integer(fields[1]), place.integer(fields[2])];
    if (hasTimestamps) place.integer(fields[3]);
    if (stars < 1 || stars > 5) place.fail("a rating from 1 to 5", String(stars));
    if (knownUsers && !knownUsers.has(user)) place.fail("a user of users.dat", String(user));
    if (knownMovies && !knownMovies.has(movie)) place.fail("a movie of movies.dat", String(movie));
    ratings.users.push(user);
    ratings.movies.push(movie);
    ratings.stars.push(stars);
  });
  return ratings;
}

/** The ids in the first column, or null if there is no such file. */
function readIds(path: string, shape: string): Set<number> | null {
  const lines = readLines(path);
  if (!lines) return null;
  const ids = new Set<number>();
  lines.forEach((line, index) => {
    const place = new Place(path, index + 1);
    const id = place.integer(place.fields(line, shape)[0]);
    if (ids.has(id)) place.fail("an id that no earlier line has", String(id));
    ids.add(id);
  });
  return ids;
}

/** A file's lines, or null if it does not exist. Line ends may be \n or \r\n; the last one may be missing. */
function readLines(path: string): string[] | null {
  if (!statSync(path, { throwIfNoEntry: false })) return null;
  const lines = readText(path).split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  if (lines.length === 0) throw new DataError(`${path}:1: expected at least one line, found an empty file`);
  return lines;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(`${path}: expected a readable file: ${reason}`, { cause: error });
  }
}

/** A line of a file, for messages. */
class Place {
  readonly #path: string;
  readonly #line: number;

  constructor(path: string, line: number) {
    this.#path = path;
    this.#line = line;
  }

  fail(expected: string, found: string): never {
    const shown = found.length > 60 ? `${found.slice(0, 60)}…` : found;
    throw new DataError(`${this.#path}:${this.#line}: expected ${expected}, found ${JSON.stringify(shown)}`);
  }

  /** The line's fields, as many as `shape` names. */
  fields(line: string, shape: string): string[] {
    const fields = line.split("::");
    if (fields.length !== shape.split("::").length) this.fail(shape, line);
    return fields;
  }

  integer(field = ""): number {
    const number = /^\d+$/.test(field) ? Number(field) : Number.NaN;
    if (!Number.isSafeInteger(number)) this.fail("an integer", field);
    return number;
  }
}

/** Rows 0 to users - 1 are the users in order of appearance, the movies follow. */
function split({ users, movies, stars }: Ratings, seed: number): Dataset {
  const userRows = numberInOrder(users);
  const movieRows = numberInOrder(movies);
  const rows = userRows.count + movieRows.count;
  const ids = new Uint32Array(stars.length * 2);
  stars.forEach((_, rating) => {
    ids[2 * rating] = at(userRows.rows, rating);
    ids[2 * rating + 1] = userRows.count + at(movieRows.rows, rating);
  });
  const all: Examples = {
    count: stars.length,
    ids,
    labels: Uint8Array.from(stars, (value) => (value >= leastLikedStars ? 1 : 0)),
    trueLogits: null,
  };
  const shuffled = reorderExamples(all, 2, new Random(seed, "split").permutation(all.count));
  const tenth = Math.floor(all.count / 10);
  return {
    title: `MovieLens, ${formatCount(userRows.count)} users and ${formatCount(movieRows.count)} movies, split of seed ${seed}`,
    synthetic: false,
    fields: 2,
    rows,
    train: sliceExamples(shuffled, 2, 0, all.count - 2 * tenth),
    validation: sliceExamples(shuffled, 2, all.count - 2 * tenth, all.count - tenth),
    test: sliceExamples(shuffled, 2, all.count - tenth, all.count),
  };
}

/** A model needs examples in every part of the split, and both labels to learn from. */
function checkTrainable(data: Dataset, folder: string): Dataset {
  const path = join(folder, "ratings.dat");
  const { train, test } = data;
  if (test.count === 0) throw new DataError(`${path}: expected at least 10 ratings, found ${train.count}`);
  const rate = positiveRate(train);
  if (rate === 0 || rate === 1) {
    throw new DataError(
      `${path}: expected ratings below ${leastLikedStars} and from ${leastLikedStars} up, found one kind only`,
    );
  }
  return data;
}

function numberInOrder(ids: readonly number[]): { rows: Uint32Array; count: number } {
  const rowOfId = new Map<number, number>();
  const rows = Uint32Array.from(ids, (id) => {
    const row = rowOfId.get(id) ?? rowOfId.size;
    rowOfId.set(id, row);
    return row;
  });
  return { rows, count: rowOfId.size };
}
