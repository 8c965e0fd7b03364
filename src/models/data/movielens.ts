/**
 * MovieLens-1M: ratings.dat, of which each line is a rating by one user of one movie, and beside it users.dat and movies.dat, which say who and what they
 * are. Fields are between double colons, without quotes.
 */

import type { ExampleReader, MovieLensOptions } from "../../../models.d.ts";
import { coded, shown } from "../../errors.js";
import { builtin, pathOf } from "../../files/runtime.js";
import { choice } from "../../options.js";
import { bagIn, type ColumnFormat, excerpt, fieldsOf, type NumberColumn } from "./columns.js";
import type { TextFile } from "./lines.js";
import { type DataFile, FileReader, type Malformed, readingOf, recordsOf, sentence } from "./reader.js";
import type { Notation } from "./records.js";

const INSTEAD = "the files to readDelimited";
const ID = /^\d+$/;
const LEAST_LIKED = 4;
const names = ["user", "movie", "rating", "timestamp"];
const userNames = ["user", "gender", "age", "occupation", "zip"];
const movieNames = ["movie", "title", "genres"];

type TableFile = Omit<TextFile & Notation, "encoding" | "widthOf">;

/** Of each user the fields of users.dat, of each movie its genres. */
interface Features {
  users: ReadonlyMap<string, readonly string[]>;
  movies: ReadonlyMap<string, readonly string[]>;
}

/** See models.d.ts. */
export function readMovieLens(folder: string | URL, options: MovieLensOptions = {}): ExampleReader {
  const reading = readingOf(options, ["features", "positiveFrom"]);
  const all = choice("features", options.features, ["ids", "all"]) === "all";
  const label = labelOf(options.positiveFrom);
  const { join } = builtin("node:path", INSTEAD);
  const path = pathOf("folder", folder, INSTEAD);
  const fileOf = (name: string): TableFile => {
    const file = join(path, name);
    return { source: file, name: file, signal: options.signal, delimiter: "::", quotes: false };
  };
  const ratings: DataFile = {
    ...fileOf("ratings.dat"),
    encoding: "utf-8",
    onProgress: options.onProgress,
    header: false,
    widthOf: ({ length }) => (length === names.length ? length : names.length - 1),
    layout: async (_, malformed) => {
      const features = all ? await readFeatures(fileOf, malformed) : undefined;
      return { names, label, columns: columnsOf(features) };
    },
    fields: fieldsOf(columnsOf(all ? { users: new Map(), movies: new Map() } : undefined)),
  };
  return new FileReader(ratings, reading);
}

function labelOf(positiveFrom: unknown = LEAST_LIKED): NumberColumn {
  if (positiveFrom !== false && (typeof positiveFrom !== "number" || Number.isNaN(positiveFrom))) {
    throw coded("ERR_OPTION_VALUE", `positiveFrom must be a number or false, but is ${shown(positiveFrom)}`);
  }
  return {
    ...{ kind: "number", name: "rating", at: 2, required: true },
    // Ratings of larger sets have halves.
    allows: (stars) => stars >= 0.5 && stars <= 5,
    expected: "a number from 0.5 to 5",
    ...(positiveFrom === false ? {} : { read: (stars) => (stars >= positiveFrom ? 1 : 0) }),
  };
}

function columnsOf(features: Features | undefined): ColumnFormat[] {
  if (features === undefined) return [idColumn("user", 0, undefined), idColumn("movie", 1, undefined)];
  const { users, movies } = features;
  const ofUser = (field: number): ColumnFormat => ({
    ...{ kind: "key", name: userNames[field] ?? "", at: 0 },
    read: (user: string) => users.get(user)?.[field],
  });
  const genres: ColumnFormat = { kind: "bag", name: "genres", at: 1, read: (movie) => movies.get(movie) };
  return [idColumn("user", 0, users), idColumn("movie", 1, movies), ofUser(1), ofUser(2), ofUser(3), ofUser(4), genres];
}

/** @param known What there is of each id, if it has to be there. */
function idColumn(name: string, at: number, known: ReadonlyMap<string, unknown> | undefined): ColumnFormat {
  if (known === undefined) {
    return { kind: "key", name, at, read: (text) => (ID.test(text) ? text : undefined), expected: "a whole number" };
  }
  const expected = `a ${name} of ${name}s.dat`;
  return { kind: "key", name, at, read: (text) => (known.has(text) ? text : undefined), expected };
}

async function readFeatures(fileOf: (name: string) => TableFile, malformed: Malformed): Promise<Features> {
  const users = await readTable(fileOf("users.dat"), userNames, malformed);
  const movies = await readTable(fileOf("movies.dat"), movieNames, malformed);
  const genres = Array.from(movies, ([movie, fields]) => [movie, bagIn(fields[2] ?? "", "|")] as const);
  return { users, movies: new Map(genres) };
}

/** The lines of a file by their first field, an id. */
async function readTable(
  file: TableFile,
  names: readonly string[],
  malformed: Malformed,
): Promise<Map<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for await (const records of recordsOf({ ...file, encoding: "latin1", widthOf: () => names.length })) {
    for (const { line, fields, fault } of records) {
      const [id = ""] = fields;
      if (fault !== undefined) malformed.at(file.name, line, sentence(fault, names));
      else if (!ID.test(id)) malformed.at(file.name, line, `${names[0]} must be a whole number, but is ${excerpt(id)}`);
      else if (found.has(id)) malformed.at(file.name, line, `${names[0]} ${id} is there a second time`);
      else found.set(id, fields);
    }
  }
  return found;
}
