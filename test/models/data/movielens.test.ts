/** readMovieLens: ratings with what is known of users and movies, and what each wrong line says. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { BagColumn, MovieLensOptions } from "../../../models.js";
import { readMovieLens } from "../../../src/models/data/index.js";
import { sharedData, withoutData } from "../../support/shared-data.js";
import { expectRefused, listsOf } from "./support.js";

const base = mkdtempSync(join(tmpdir(), "tallygrad-movielens-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const good = {
  "ratings.dat": ["1::10::5", "2::11::3", "1::11::4"],
  "users.dat": ["1::F::1::10::48067", "2::M::56::16::70072"],
  "movies.dat": ["10::Les Misérables (1995)::Drama|Musical", "11::Heat (1995)::Action"],
};
let folders = 0;

/** A folder of these files, in ISO-8859-1. */
function folderOf(files: Partial<Record<keyof typeof good, string[]>>): string {
  const folder = join(base, String(folders++));
  mkdirSync(folder);
  for (const [name, lines] of Object.entries({ ...good, ...files })) {
    writeFileSync(join(folder, name), lines.map((line) => `${line}\n`).join(""), "latin1");
  }
  return folder;
}

const folder = folderOf({});

describe("ratings", () => {
  test("have a user and a movie, and a label from 4 stars on", async () => {
    for (const place of [folder, pathToFileURL(folder)]) {
      const reader = readMovieLens(place);
      expect(await reader.fields()).toEqual({ user: {}, movie: {} });
      expect(await reader.all()).toEqual({
        columns: { user: ["1", "2", "1"], movie: ["10", "11", "11"] },
        labels: Float32Array.of(1, 0, 1),
      });
    }
  });

  test.each<[positiveFrom: number | false, labels: number[]]>([
    [5, [1, 0, 0]],
    [3.5, [1, 0, 1]],
    [false, [5, 3, 4]],
  ])("have labels as asked for, from %s", async (positiveFrom, labels) => {
    expect((await readMovieLens(folder, { positiveFrom }).all()).labels).toEqual(Float32Array.from(labels));
  });

  test("may have timestamps, or halves of stars as larger sets do", async () => {
    const timed = folderOf({ "ratings.dat": good["ratings.dat"].map((line, i) => `${line}::97830${i}`) });
    expect(await readMovieLens(timed).all()).toEqual(await readMovieLens(folder).all());
    const halves = folderOf({ "ratings.dat": ["1::10::0.5::1", "1::10::3.5::2"] });
    expect((await readMovieLens(halves, { positiveFrom: false }).all()).labels).toEqual(Float32Array.of(0.5, 3.5));
  });

  test("have the features of their users and movies", async () => {
    const reader = readMovieLens(folder, { features: "all" });
    const names = ["user", "movie", "gender", "age", "occupation", "zip", "genres"];
    expect(Object.keys(await reader.fields())).toEqual(names);
    const { columns } = await reader.all();
    expect(Object.keys(columns)).toEqual(names);
    expect(columns).toMatchObject({
      gender: ["F", "M", "F"],
      age: ["1", "56", "1"],
      occupation: ["10", "16", "10"],
      zip: ["48067", "70072", "48067"],
    });
    expect(listsOf(columns.genres)).toEqual([["Drama", "Musical"], ["Action"], ["Action"]]);
  });

  test("may have a user without a zip and a movie without genres", async () => {
    const files = { "users.dat": ["1::F::1::10::", "2::M::56::16::70072"], "movies.dat": ["10::A::", "11::B::X"] };
    const { columns } = await readMovieLens(folderOf(files), { features: "all" }).all();
    expect(listsOf(columns.zip)).toEqual([[], ["70072"], []]);
    expect(listsOf(columns.genres)).toEqual([[], ["X"], ["X"]]);
  });

  test("show their progress, and stop with the signal's reason", async () => {
    const onProgress = vi.fn();
    const controller = new AbortController();
    const reader = readMovieLens(folder, { features: "all", onProgress, signal: controller.signal });
    await reader.all();
    expect(onProgress.mock.calls).toEqual([[{ done: 27, total: 27 }]]);
    controller.abort("enough");
    await expect(reader.all()).rejects.toBe("enough");
  });
});

describe("a wrong line is an error with its place, or left out and counted:", () => {
  type Files = Partial<typeof good>;
  const withRating = (line: string): Files => ({ "ratings.dat": ["1::10::5", line, "1::11::4"] });
  test.each<[what: string, files: Files, options: MovieLensOptions, says: string, examples: number, skipped: number]>([
    ["a word for a user", withRating("x::10::5"), {}, 'ratings.dat:2: user must be a whole number, but is "x"', 2, 1],
    ["no movie", withRating("1::::5"), {}, 'ratings.dat:2: movie must be a whole number, but is ""', 2, 1],
    ["six stars", withRating("1::10::6"), {}, 'ratings.dat:2: rating must be a number from 0.5 to 5, but is "6"', 2, 1],
    ["no stars", withRating("1::10::"), {}, 'ratings.dat:2: rating must be a number from 0.5 to 5, but is ""', 2, 1],
    ["two fields", withRating("1::10"), {}, "ratings.dat:2: the line has 2 fields, where 3 should be", 2, 1],
    [
      "a timestamp alone",
      withRating("1::10::5::9"),
      {},
      "ratings.dat:2: the line has 4 fields, where 3 should be",
      2,
      1,
    ],
    [
      "a user whom users.dat does not have",
      withRating("3::10::5"),
      { features: "all" },
      'ratings.dat:2: user must be a user of users.dat, but is "3"',
      2,
      1,
    ],
    [
      "a movie that movies.dat does not have",
      withRating("1::12::5"),
      { features: "all" },
      'ratings.dat:2: movie must be a movie of movies.dat, but is "12"',
      2,
      1,
    ],
    [
      "a user with too few fields, and so their rating",
      { "users.dat": ["1::F::1::10::48067", "2::M"] },
      { features: "all" },
      "users.dat:2: the line has 2 fields, where 5 should be",
      2,
      2,
    ],
    [
      "a user who is there twice",
      { "users.dat": [...good["users.dat"], "2::F::1::1::1"] },
      { features: "all" },
      "users.dat:3: user 2 is there a second time",
      3,
      1,
    ],
    [
      "a movie without a number",
      { "movies.dat": [...good["movies.dat"], "x::A::B"] },
      { features: "all" },
      'movies.dat:3: movie must be a whole number, but is "x"',
      3,
      1,
    ],
  ])("%s", async (_, files, options, says, examples, skipped) => {
    const place = folderOf(files);
    await expectRefused(readMovieLens(place, options), join(place, says));
    const reader = readMovieLens(place, { ...options, malformed: "skip" });
    for (let times = 0; times < 2; times++) {
      expect((await reader.all()).labels).toHaveLength(examples);
      expect(reader.skipped).toBe(skipped);
    }
  });
});

describe("a folder is refused", () => {
  test("without its files", async () => {
    const empty = join(base, "empty");
    mkdirSync(empty);
    await expect(readMovieLens(empty).all()).rejects.toMatchObject({ code: "ENOENT" });
    writeFileSync(join(empty, "ratings.dat"), "1::1::5\n");
    expect((await readMovieLens(empty).all()).labels).toHaveLength(1);
    await expect(readMovieLens(empty, { features: "all" }).all()).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("with an empty file", async () => {
    const place = folderOf({ "movies.dat": [] });
    await expectRefused(readMovieLens(place, { features: "all" }), `${join(place, "movies.dat")} is empty`);
  });

  test("where there are no files, and by an address", () => {
    expect(() => readMovieLens("https://example.com/ml-1m")).toThrow(
      expect.objectContaining({ code: "ERR_OPTION_VALUE", message: expect.stringContaining("readDelimited") }),
    );
    vi.stubGlobal("process", undefined);
    try {
      expect(() => readMovieLens("ml-1m")).toThrow(expect.objectContaining({ code: "ERR_OPTION_VALUE" }));
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test("for options that there are not", () => {
    expect(() => readMovieLens(folder, { features: "some" as never })).toThrow(/"ids", "all"/);
    expect(() => readMovieLens(folder, { positiveFrom: "4" as never })).toThrow(
      /positiveFrom must be a number or false/,
    );
    expect(() => readMovieLens(folder, { feature: "all" } as never)).toThrow(/did you mean features/);
  });
});

const real = sharedData("ml-1m");

test.skipIf(real === undefined)(
  `MovieLens-1M has the ratings, users, movies and features that it is known for${withoutData(real)}`,
  async () => {
    const stars = new Uint32Array(6);
    const names = ["user", "movie", "gender", "age", "occupation", "genres"];
    const seen = new Map(names.map((name) => [name, new Set<unknown>()]));
    for await (const { columns, labels } of readMovieLens(real ?? "", { features: "all", positiveFrom: false })) {
      for (const label of labels) stars[label] = (stars[label] ?? 0) + 1;
      for (const [name, values] of seen) {
        const column = columns[name] as readonly string[] | BagColumn;
        for (const value of "values" in column && "offsets" in column ? column.values : column) values.add(value);
      }
    }
    expect(stars.reduce((sum, count) => sum + count)).toBe(1_000_209);
    expect(stars[0]).toBe(0);
    expect(Array.from(seen.values(), ({ size }) => size)).toEqual([6040, 3706, 2, 7, 21, 18]);
  },
);
