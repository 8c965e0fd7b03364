/** The MovieLens loader on tiny folders: what it reads, and what it says about files that are wrong or damaged. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { DataError, loadMovieLens } from "./movielens.js";

const base = mkdtempSync(join(tmpdir(), "tallygrad-movielens-"));
afterAll(() => rmSync(base, { recursive: true }));

/** Twenty ratings by four users of five movies: movie m gets m stars. */
const ratings = Array.from({ length: 20 }, (_, index) => [1 + (index % 4), 10 + (index % 5), 1 + (index % 5)]);
const ratingLines = ratings.map((rating) => rating.join("::"));
const users = [1, 2, 3, 4].map((id) => `${id}::F::25::1::12345`);
const movies = [10, 11, 12, 13, 14].map((id) => `${id}::Les Misérables, part ${id} (1995)::Drama|Musical`);

describe("The MovieLens loader", () => {
  test("reads ratings with and without a timestamp alike", () => {
    const withTimestamps = ratingLines.map((line, index) => `${line}::${978300000 + index}`);
    const plain = loadMovieLens(folder({ "ratings.dat": lines(ratingLines) }), 1);
    expect(loadMovieLens(folder({ "ratings.dat": lines(withTimestamps) }), 1)).toEqual(plain);
  });

  test("splits 80/10/10 by seed, every rating once", () => {
    const data = loadMovieLens(folder({ "ratings.dat": lines(ratingLines) }), 1);
    const parts = [data.train, data.validation ?? data.test, data.test];
    expect(parts.map(({ count }) => count)).toEqual([16, 2, 2]);
    const pairs = parts.flatMap(({ ids, count }) =>
      Array.from({ length: count }, (_, i) => `${ids[2 * i]},${ids[2 * i + 1]}`),
    );
    expect(new Set(pairs).size).toBe(20);
    expect(loadMovieLens(folder({ "ratings.dat": lines(ratingLines) }), 2).train.ids).not.toEqual(data.train.ids);
  });

  test("gives users and movies rows of their own, and a positive label to 4 and 5 stars", () => {
    const data = loadMovieLens(folder({ "ratings.dat": lines(ratingLines) }), 1);
    expect([data.fields, data.rows]).toEqual([2, 9]);
    // Users are rows 0 to 3; movies, in order of appearance, rows 4 to 8 with 1 to 5 stars.
    data.train.labels.forEach((label, example) => {
      expect(data.train.ids[2 * example]).toBeLessThan(4);
      expect(label).toBe((data.train.ids[2 * example + 1] ?? 0) >= 4 + 3 ? 1 : 0);
    });
  });

  test("reads users and movies in ISO-8859-1 when they are there, and line ends of Windows", () => {
    const files = { "ratings.dat": ratingLines.join("\r\n"), "users.dat": lines(users), "movies.dat": lines(movies) };
    expect(loadMovieLens(folder(files), 1).rows).toBe(9);
  });
});

describe("A wrong or damaged folder gets an error with file, line and what was expected:", () => {
  const good = lines(ratingLines);

  test.each<[what: string, files: Record<string, string>, message: RegExp]>([
    [
      "no ratings.dat",
      { "users.dat": lines(users) },
      /ratings\.dat: expected a file of ratings, user::movie::rating.*no file/,
    ],
    ["an empty ratings.dat", { "ratings.dat": "" }, /ratings\.dat:1: expected at least one line, found an empty file/],
    [
      "too few fields",
      { "ratings.dat": "1::10::3\n2::11\n" },
      /ratings\.dat:2: expected user::movie::rating, found "2::11"/,
    ],
    [
      "another separator",
      { "ratings.dat": "1\t10\t3\n" },
      /ratings\.dat:1: expected user::movie::rating, found "1\\t10\\t3"/,
    ],
    [
      "a timestamp that some lines lack",
      { "ratings.dat": "1::10::3::9\n2::11::4\n" },
      /ratings\.dat:2: expected user::movie::rating::timestamp/,
    ],
    [
      "a blank line",
      { "ratings.dat": "1::10::3\n\n2::11::4\n" },
      /ratings\.dat:2: expected user::movie::rating, found ""/,
    ],
    [
      "a user that is no integer",
      { "ratings.dat": "1::10::3\nx2::11::4\n" },
      /ratings\.dat:2: expected an integer, found "x2"/,
    ],
    [
      "a rating that is no integer",
      { "ratings.dat": "1::10::3.5\n" },
      /ratings\.dat:1: expected an integer, found "3\.5"/,
    ],
    [
      "a timestamp that is no integer",
      { "ratings.dat": "1::10::3::noon\n" },
      /ratings\.dat:1: expected an integer, found "noon"/,
    ],
    [
      "a rating of 6",
      { "ratings.dat": "1::10::5\n1::11::6\n" },
      /ratings\.dat:2: expected a rating from 1 to 5, found "6"/,
    ],
    ["a rating of 0", { "ratings.dat": "1::10::0\n" }, /ratings\.dat:1: expected a rating from 1 to 5, found "0"/],
    [
      "a user who is not in users.dat",
      { "ratings.dat": good, "users.dat": lines(users.slice(0, 3)) },
      /ratings\.dat:4: expected a user of users\.dat, found "4"/,
    ],
    [
      "a movie that is not in movies.dat",
      { "ratings.dat": good, "movies.dat": lines(movies.slice(1)) },
      /ratings\.dat:1: expected a movie of movies\.dat, found "10"/,
    ],
    [
      "a user twice",
      { "ratings.dat": good, "users.dat": lines([...users, ...users]) },
      /users\.dat:5: expected an id that no earlier line has, found "1"/,
    ],
    [
      "a user line that is cut off",
      { "ratings.dat": good, "users.dat": "1::F::25\n" },
      /users\.dat:1: expected user::gender::age::occupation::zip/,
    ],
    [
      "a movie line without genres",
      { "ratings.dat": good, "movies.dat": "10::Heat (1995)\n" },
      /movies\.dat:1: expected movie::title::genres/,
    ],
    [
      "too few ratings to split",
      { "ratings.dat": lines(ratingLines.slice(0, 9)) },
      /ratings\.dat: expected at least 10 ratings, found 9/,
    ],
    [
      "ratings that are all alike",
      { "ratings.dat": lines(ratingLines.map((line) => line.replace(/\d$/, "5"))) },
      /ratings\.dat: expected ratings below 4 and from 4 up/,
    ],
  ])("%s", (_, files, message) => {
    const path = folder(files);
    expect(() => loadMovieLens(path, 1)).toThrow(DataError);
    expect(() => loadMovieLens(path, 1)).toThrow(message);
  });

  test("no folder", () => {
    expect(() => loadMovieLens(join(base, "nowhere"), 1)).toThrow(/nowhere: expected a MovieLens-1M folder/);
  });

  test("a file where the folder should be", () => {
    const path = join(folder({ "ratings.dat": good }), "ratings.dat");
    expect(() => loadMovieLens(path, 1)).toThrow(/expected a MovieLens-1M folder/);
  });

  test("a folder where the file should be", () => {
    const path = folder({});
    mkdirSync(join(path, "ratings.dat"));
    expect(() => loadMovieLens(path, 1)).toThrow(/ratings\.dat: expected a readable file/);
  });
});

function folder(files: Record<string, string>): string {
  const path = mkdtempSync(join(base, "folder-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text, "latin1");
  return path;
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
