/** Any table written as CSV reads back as it was, and any damage to a file leaves examples or an error with a code. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { ExampleReader, Examples } from "../../../models.js";
import { readCriteo, readDelimited, readMovieLens, readSentences } from "../../../src/models/data/index.js";
import { Random, seed } from "../../contract/support/random.js";
import { listsOf, piecesOf, streamOf } from "./support.js";

const folder = mkdtempSync(join(tmpdir(), "tallygrad-data-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How a file is written. */
const notations = fc.record({
  delimiter: fc.constantFrom(",", "\t", "::", "; "),
  lineEnd: fc.constantFrom("\n", "\r\n"),
  lastLineEnd: fc.boolean(),
  mark: fc.boolean(),
  zipped: fc.boolean(),
  /** Bytes of a stream's chunks. */
  chunk: fc.constantFrom(1, 7, 1000),
  piece: fc.constantFrom(1, 3, 1000),
});
/** Texts of what matters to a parser, and of anything. */
const texts = fc.oneof(
  fc.string({ unit: fc.constantFrom('"', ",", ":", "\n", "\r", "\t", "; ", " ", "a", "é", "\u{1f600}"), maxLength: 6 }),
  fc.string({ unit: "binary", maxLength: 4 }),
);
const tables = fc.tuple(fc.integer({ min: 1, max: 4 }), notations).chain(([width, notation]) =>
  fc.tuple(
    fc.constant(notation),
    fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.array(texts, { minLength: width, maxLength: width })), {
      maxLength: 12,
    }),
    fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
  ),
);

/** A field as RFC 4180 has it: in quotes where it has to be, or where it may be. */
function written(text: string, delimiter: string, quotes: boolean): string {
  const needed = /["\r\n]/.test(text) || [...delimiter].some((character) => text.includes(character));
  return needed || quotes ? `"${text.replaceAll('"', '""')}"` : text;
}

describe("a table of any texts", () => {
  test("reads back as it was written", async () => {
    await fc.assert(
      fc.asyncProperty(tables, async ([notation, rows, quotes]) => {
        const { delimiter, lineEnd, lastLineEnd, mark, zipped, chunk, piece } = notation;
        const width = rows[0]?.[1].length ?? 1;
        const names = Array.from({ length: width }, (_, i) => `k${i}`);
        const lines = [["y", ...names], ...rows.map(([label, keys]) => [String(label), ...keys])];
        const text = lines.map((fields, line) =>
          fields.map((field, i) => written(field, delimiter, quotes[(7 * line + i) % 60] ?? false)).join(delimiter),
        );
        const bytes = Buffer.from(`${mark ? "\ufeff" : ""}${text.join(lineEnd)}${lastLineEnd ? lineEnd : ""}`);
        const content = zipped ? gzipSync(bytes) : bytes;
        const pieces = Array.from({ length: Math.ceil(content.length / chunk) }, (_, i) =>
          Uint8Array.from(content.subarray(i * chunk, (i + 1) * chunk)),
        );
        const reader = readDelimited(streamOf(pieces), { label: "y", delimiter, piece });
        const found = await piecesOf(reader);
        expect(found.flatMap(({ labels }) => Array.from(labels))).toEqual(rows.map(([label]) => label));
        for (const [i, name] of names.entries()) {
          const lists = found.flatMap(({ columns }) => listsOf(columns[name]));
          expect(lists).toEqual(rows.map(([, keys]) => (keys[i] === "" ? [] : [keys[i]])));
        }
      }),
      { seed, numRuns: 300 },
    );
  });
});

/** A file with some bytes changed or put in, and perhaps its end missing. */
function damaged(whole: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  let bytes = Array.from(whole);
  const likely = Array.from('"",\t:|\n\r0-.e', (character) => character.charCodeAt(0));
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const byte = random.below(3) === 0 ? random.below(256) : (likely[random.below(likely.length)] ?? 0);
    bytes.splice(random.below(bytes.length), random.below(2), byte);
  }
  if (random.below(3) === 0) bytes = bytes.slice(0, random.below(bytes.length));
  return Uint8Array.from(bytes);
}

/** That columns are as long as labels, and labels are finite. */
function check({ columns, labels }: Examples): void {
  for (const column of Object.values(columns)) expect(listsOf(column)).toHaveLength(labels.length);
  expect(Array.from(labels).every(Number.isFinite)).toBe(true);
}

const clicks = ["y,k,p,b", '1,a,2.5,"x|y"', '0,"b, ""c""",-1,', "1,,1e3,z", '0,"d\ne",0,x', "1,f,7,y|y|z"].join("\n");
const criteo = Array.from({ length: 4 }, (_, i) =>
  [i % 2, ...Array.from({ length: 13 }, (_, j) => (j === i ? "" : i * j - 1)), ...Array(26).fill("68fd1e64")].join(
    "\t",
  ),
).join("\n");

test.each<[name: string, whole: Uint8Array, read: (bytes: Uint8Array<ArrayBuffer>, skip: boolean) => ExampleReader]>([
  [
    "delimited",
    Buffer.from(clicks),
    (bytes, skip) =>
      readDelimited(bytes, {
        label: "y",
        numeric: ["p"],
        bags: { b: "|" },
        malformed: skip ? "skip" : "error",
        piece: 2,
      }),
  ],
  [
    "gzipped",
    gzipSync(clicks),
    (bytes, skip) => readDelimited(bytes, { label: "y", malformed: skip ? "skip" : "error" }),
  ],
  [
    "Criteo's",
    Buffer.from(criteo),
    (bytes, skip) => readCriteo(bytes, { malformed: skip ? "skip" : "error", piece: 2 }),
  ],
  [
    "MovieLens'",
    Buffer.from("1::10::5::978300760\n2::11::3::978302109\n1::11::4::978301968\n"),
    (bytes, skip) => {
      writeFileSync(join(folder, "ratings.dat"), bytes);
      writeFileSync(join(folder, "users.dat"), "1::F::1::10::48067\n2::M::56::16::70072\n");
      writeFileSync(join(folder, "movies.dat"), "10::Toy Story (1995)::Animation|Comedy\n11::Heat (1995)::Action\n");
      return readMovieLens(folder, { features: "all", malformed: skip ? "skip" : "error" });
    },
  ],
])(`%s files, damaged 400 times, give examples or ERR_DATA (seed ${seed})`, async (name, whole, read) => {
  const random = new Random(seed);
  let refused = 0;
  for (let round = 0; round < 400; round++) {
    const bytes = damaged(whole, random);
    const skip = round % 2 === 1;
    try {
      for (const piece of await piecesOf(read(bytes, skip))) check(piece);
    } catch (error) {
      expect(error).toMatchObject({ code: "ERR_DATA" });
      expect((error as Error).message.length).toBeLessThan(500);
      // Only what is wrong with a file as a whole, or its header, cannot be left out.
      const beyondSkipping =
        name.endsWith("'s") || name.endsWith("s'") ? / is empty/ : / is empty| is gzipped|:[1-3]: /;
      if (skip) expect((error as Error).message).toMatch(beyondSkipping);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(30);
});

test(`sentences, damaged 400 times, give words or ERR_DATA (seed ${seed})`, async () => {
  const random = new Random(seed);
  const whole = Buffer.from("the cat sat\non the mat\n\nétait-ce vrai ?\n");
  for (let round = 0; round < 400; round++) {
    try {
      for await (const words of readSentences(damaged(whole, random))) {
        expect(words.every((word) => word !== "" && !/[ \t\n]/.test(word))).toBe(true);
      }
    } catch (error) {
      expect(error).toMatchObject({ code: "ERR_DATA" });
    }
  }
});

test("a delimited file that is cut off anywhere gives the examples before, or an error at its last line", async () => {
  const whole = Buffer.from(clicks);
  const complete = await readDelimited(whole, { label: "y" }).all();
  for (let length = clicks.indexOf("\n") + 1; length < whole.length; length++) {
    const found: Examples[] = [];
    try {
      for await (const piece of readDelimited(whole.subarray(0, length), { label: "y", piece: 1 })) found.push(piece);
    } catch (error) {
      expect(error).toMatchObject({ code: "ERR_DATA", message: expect.stringMatching(/^the Uint8Array:\d: /) });
    }
    // The last example may be a part of one.
    const labels = found.slice(0, -1).flatMap(({ labels }) => Array.from(labels));
    expect(labels).toEqual(Array.from(complete.labels).slice(0, labels.length));
  }
});
