/** word2vec's and GloVe's files: those of gensim read, what is written reads back to the bit, and what is none is refused with its place. */
import { describe, expect, test } from "vitest";
import { readGlove, readWord2vec, writeGlove, writeWord2vec } from "../../src/formats/index.js";
import { shortest } from "../../src/formats/text.js";
import { Random, seed } from "../contract/support/random.js";
import { binaryText, bitsOf, dim, keys, numbersOf, rows, tableOf, vectorBytes, vectorPath } from "./support/vectors.js";

const file = (text: string): Blob => new Blob([text]);
const weights = numbersOf("f4");
const table = tableOf(weights, dim);

describe("gensim's files", () => {
  test.each([
    ["word2vec.txt", (source: string | ReadableStream) => readWord2vec(source)],
    ["word2vec.bin", (source: string | ReadableStream) => readWord2vec(source, { binary: true })],
    ["glove.txt", (source: string | ReadableStream) => readGlove(source)],
  ])("%s reads to the bit", async (name, read) => {
    for (const source of [vectorPath(name), new Blob([vectorBytes(name)]).stream()]) {
      const found = await read(source);
      expect(found).toMatchObject({ rows, dim, keys });
      expect(bitsOf(found.weights)).toEqual(bitsOf(weights));
    }
  });
});

describe("files that are written", () => {
  test("have a first line, and a line a row", async () => {
    const blob = await writeWord2vec(tableOf(Float32Array.of(0.1, -0, 1e-9, 16777216), 2), ["a", "b"]);
    expect(await binaryText(blob)).toBe("2 2\na 0.1 -0\nb 1e-9 16777216\n");
    const glove = await writeGlove(tableOf(Float32Array.of(0.1, 1), 2), ["a"]);
    expect(await binaryText(glove)).toBe("a 0.1 1\n");
    const binary = await writeWord2vec(tableOf(Float32Array.of(1, -1), 1), ["a", "b"], undefined, { binary: true });
    expect(await binaryText(binary)).toBe("2 1\na \0\0\x80\x3f\nb \0\0\x80\xbf\n");
  });

  test("read back to the bit, in text and binary, across pieces", async () => {
    const random = new Random(seed);
    const bits = Uint32Array.from({ length: 40_000 * 3 }, () => random.below(2 ** 32) & 0xbfffffff);
    const many = new Float32Array(bits.buffer);
    const names = Array.from({ length: 40_000 }, (_, i) => `ключ${i}`);
    for (const binary of [false, true]) {
      const blob = await writeWord2vec(tableOf(many, 3), names.values(), undefined, { binary });
      const found = await readWord2vec(blob ?? "", { binary });
      expect(found.keys).toEqual(names);
      expect(Buffer.compare(Buffer.from(found.weights.buffer), Buffer.from(bits.buffer))).toBe(0);
    }
    const glove = await writeGlove(table, keys);
    expect(bitsOf((await readGlove(glove ?? "")).weights)).toEqual(bitsOf(weights));
  });

  test("hold the rows that are asked for", async () => {
    const blob = await writeWord2vec(table, ["x", "y"], undefined, { ids: Uint32Array.of(4, 0) });
    const found = await readWord2vec(blob ?? "");
    expect(found.keys).toEqual(["x", "y"]);
    expect(bitsOf(found.weights)).toEqual(
      bitsOf(Float32Array.of(...weights.subarray(20, 25), ...weights.subarray(0, 5))),
    );
  });

  test("need as many keys as rows, each a word", async () => {
    const two = tableOf(Float32Array.of(1, 2), 1);
    for (const binary of [false, true]) {
      const write = (given: unknown) => writeWord2vec(two, given as string[], undefined, { binary });
      await expect(write(["a"])).rejects.toMatchObject({
        code: "ERR_WRONG_LENGTH",
        message: expect.stringContaining("2, one a row, but are 1"),
      });
      await expect(write(["a", "b", "c"])).rejects.toMatchObject({ code: "ERR_WRONG_LENGTH" });
      await expect(write("ab")).rejects.toMatchObject({ code: "ERR_WRONG_CLASS" });
      await expect(write(undefined)).rejects.toMatchObject({ code: "ERR_WRONG_CLASS" });
      for (const key of ["", "b c", "b\n", "b\r", "b\t", "\ud800", 5]) {
        await expect(write(["a", key])).rejects.toMatchObject({
          code: "ERR_OPTION_VALUE",
          message: expect.stringContaining("keys[1]"),
        });
      }
      await expect(write(["a", "b\u{1f600}"])).resolves.toBeDefined();
    }
  });
});

describe("numbers in text", () => {
  test(`are the shortest that read as the same float32 (seed ${seed})`, () => {
    const random = new Random(seed);
    const number = new Float32Array(1);
    const bits = new Uint32Array(number.buffer);
    for (let i = 0; i < 50_000; i++) {
      bits[0] = random.below(2 ** 32);
      const [value = 0] = number;
      if (!Number.isFinite(value)) continue;
      const text = shortest(value);
      expect(Math.fround(Number(text))).toBe(value);
      const digits = text
        .replace(/e.*/, "")
        .replace(/[-.]/g, "")
        .replace(/^0+|0+$/g, "").length;
      if (digits > 1) expect(Math.fround(Number(value.toPrecision(digits - 1)))).not.toBe(value);
    }
  });

  test("are what other tools write", async () => {
    const found = await readGlove(file("a .5 5. +1E+2 -1e-2\nb nan inf -Infinity -0.0\n"));
    expect(bitsOf(found.weights)).toEqual(
      bitsOf(Float32Array.of(0.5, 5, 100, -0.01, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0)),
    );
  });
});

describe("files of other writers", () => {
  test("may have spaces and carriage returns before a line's end, and no line feed at the file's", async () => {
    const found = await readWord2vec(file("2 2 \r\na 1 2 \r\nb 3 4"));
    expect(found).toMatchObject({ keys: ["a", "b"], weights: Float32Array.of(1, 2, 3, 4) });
    expect((await readWord2vec(file("1 1\na 1\n\n"))).keys).toEqual(["a"]);
  });

  test("may have keys with spaces, and bytes that look like spaces or marks", async () => {
    const found = await readGlove(file("the 1 2\n. . . 3 4\n\ufeff 5 6\n\u00a0\u0085 7 8\n"));
    expect(found.keys).toEqual(["the", ". . .", "\ufeff", "\u00a0\u0085"]);
    expect((await readGlove(file(". . 1 2\n"), { dim: 2 })).keys).toEqual([". ."]);
  });

  test("that are binary may end rows with a line feed, or not", async () => {
    const found = await readWord2vec(new Blob(["2 1\na ", Float32Array.of(1), "\nb ", Float32Array.of(2)]), {
      binary: true,
    });
    expect(found).toMatchObject({ keys: ["a", "b"], weights: Float32Array.of(1, 2) });
  });
});

describe("a file is refused, with its place,", () => {
  test.each<[why: string, text: string | Uint8Array<ArrayBuffer>, says: string]>([
    ["that is empty", "", "after 0 rows"],
    ["without a first line", "the 0.1 0.2\n", 'is "the 0.1 0.2"; GloVe'],
    ["with no rows", "0 5\n", "0 rows"],
    ["with too wide rows", "1 70000\n", "70000 numbers"],
    ["with too few rows", "3 1\na 1\nb 2\n", "after 2 rows of 3"],
    ["with too many rows", "1 1\na 1\nb 2\n", "line 3"],
    ["with too few numbers", "2 2\na 1 2\nb 1\n", "line 3 has 2 fields"],
    ["with a word for a number", "1 2\na 1 two\n", 'line 2 has "two"'],
    ["with nothing for a number", "1 2\na  1\n", 'line 2 has ""'],
    ["with a number in another notation", "1 2\na 1 0x10\n", 'line 2 has "0x10"'],
    ["that is not UTF-8", Uint8Array.of(0x31, 0x20, 0x31, 0x0a, 0xff, 0x20, 0x31, 0x0a), "line 2 is not UTF-8"],
    ["with an endless line", `1 1\n${" ".repeat(5_000_000)}`, "line 2 (from byte 4) is longer"],
  ])("%s", async (_, text, says) => {
    await expect(readWord2vec(new Blob([text]))).rejects.toMatchObject({
      code: "ERR_FILE_FORMAT",
      message: expect.stringContaining(says),
    });
  });

  test("that is word2vec's where GloVe's is read", async () => {
    await expect(readGlove(file("2 2\na 1 2\nb 1 2\n"))).rejects.toMatchObject({
      code: "ERR_FILE_FORMAT",
      message: expect.stringContaining("readWord2vec"),
    });
    await expect(readGlove(file(""))).rejects.toMatchObject({ code: "ERR_FILE_FORMAT" });
  });

  test("that is binary and was cut off anywhere, or has a key without end", async () => {
    const bytes = vectorBytes("word2vec.bin");
    for (let length = 0; length < bytes.length; length++) {
      const cut = new Blob([bytes.subarray(0, length)]);
      await expect(readWord2vec(cut, { binary: true })).rejects.toMatchObject({ code: "ERR_FILE_FORMAT" });
    }
    const endless = new Blob(["1 1\n", "a".repeat(70_000), " 0000"]);
    await expect(readWord2vec(endless, { binary: true })).rejects.toMatchObject({
      message: expect.stringContaining("the key of row 0 of 1 (from byte 4) is longer"),
    });
    const claims = new Blob(["4000000000 65536\na "]);
    await expect(readWord2vec(claims, { binary: true })).rejects.toMatchObject({ code: "ERR_FILE_FORMAT" });
  });
});
