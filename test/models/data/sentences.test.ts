/** readSentences: lines of words, whatever their length and wherever a source's chunks end. */
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { LongCallOptions, Source } from "../../../index.js";
import { readSentences } from "../../../src/models/data/index.js";
import { sharedData, withoutData } from "../../support/shared-data.js";
import { streamOf } from "./support.js";

const read = (source: Source, options?: LongCallOptions): Promise<string[][]> => all(readSentences(source, options));

async function all(sentences: AsyncIterable<string[]>): Promise<string[][]> {
  const list: string[][] = [];
  for await (const sentence of sentences) list.push(sentence);
  return list;
}

describe("sentences", () => {
  const expected = [
    ["the", "cat", "sat"],
    ["on", "the", "mât"],
  ];
  test.each<[what: string, text: string | Uint8Array<ArrayBuffer>]>([
    ["as they are", "the cat sat\non the mât\n"],
    ["with a byte order mark", "\ufeffthe cat sat\non the mât\n"],
    ["without a last line feed", "the cat sat\non the mât"],
    ["with more space than needed", "\n  the\tcat  sat \r\n\r\n\non the mât \n \n"],
    ["gzipped", new Uint8Array(gzipSync("the cat sat\non the mât\n"))],
  ])("%s are lists of words", async (_, text) => {
    expect(await read(new Blob([text]))).toEqual(expected);
    expect(await read(new Blob([text]).stream())).toEqual(expected);
  });

  test("have words of anything but spaces", async () => {
    expect(await read(new Blob(["a\u00a0b don't \u{1f600} \ufeff,"]))).toEqual([
      ["a\u00a0b", "don't", "\u{1f600}", "\ufeff,"],
    ]);
  });

  test("do not depend on where chunks end", async () => {
    const words = fc.string({ unit: fc.constantFrom("a", "é", "\u{1f600}", " ", "\n", "\t"), maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(words, fc.array(fc.nat(100), { maxLength: 6 }), async (text, cuts) => {
        const bytes = new TextEncoder().encode(`x${text}`);
        const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const chunks = places.slice(1).map((end, i) => bytes.slice(places[i], end));
        const lines = `x${text}`.split("\n").map((line) => line.split(/[ \t]/).filter((word) => word !== ""));
        expect(await read(streamOf(chunks))).toEqual(lines.filter((words) => words.length > 0));
      }),
    );
  });

  test("go on as others after 10,000 words, in a line of any length", async () => {
    const word = "word-of-some-length";
    const sentences = await read(new Blob([`${word} `.repeat(300_000), "\nend"]));
    expect(sentences.map(({ length }) => length)).toEqual([...Array(30).fill(10_000), 1]);
    expect(new Set(sentences.flat())).toEqual(new Set([word, "end"]));
  });

  test("come anew with each iteration, but for a stream", async () => {
    const sentences = readSentences(new Blob(["a b\nc"]));
    for (let times = 0; times < 2; times++) expect(await all(sentences)).toEqual([["a", "b"], ["c"]]);
    const once = readSentences(new Blob(["a"]).stream());
    expect(await all(once)).toEqual([["a"]]);
    await expect(all(once)).rejects.toMatchObject({ code: "ERR_OPTION_VALUE" });
  });

  test("show progress in bytes, stop with the signal's reason, and give the source back", async () => {
    const onProgress = vi.fn();
    await read(new Blob(["a b\n"]), { onProgress });
    expect(onProgress).toHaveBeenLastCalledWith({ done: 4, total: 4 });
    await expect(read(new Blob(["a"]), { signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
    const cancel = vi.fn();
    const stream = new ReadableStream({ pull: (controller) => controller.enqueue(Uint8Array.of(97, 10)), cancel });
    for await (const _ of readSentences(stream)) break;
    expect(cancel).toHaveBeenCalled();
  });
});

describe("a text is refused", () => {
  test.each<[why: string, bytes: Uint8Array<ArrayBuffer>, says: string]>([
    ["that is empty", new Uint8Array(), "the Uint8Array is empty"],
    [
      "that is not UTF-8",
      Uint8Array.of(97, 10, 98, 32, 10, 99, 32, 0xff, 10, 97),
      "the Uint8Array:3: the line is not UTF-8",
    ],
    ["that ends inside of a character", Uint8Array.of(97, 10, 0xc3), "the Uint8Array:2: the line is not UTF-8"],
    ["with an endless word", new Uint8Array(400_000).fill(97), "the Uint8Array:1: a word is longer than 65536 bytes"],
  ])("%s", async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toMatchObject({ code: "ERR_DATA", message });
  });

  test("with the line's number also where blocks have gone before", async () => {
    const text = new Uint8Array([...new TextEncoder().encode("a b\n".repeat(100_000)), 0xff]);
    await expect(read(text)).rejects.toMatchObject({ message: "the Uint8Array:100001: the line is not UTF-8" });
  });

  test("for options that there are not", () => {
    expect(() => readSentences("text.txt", { piece: 1 } as never)).toThrow(
      expect.objectContaining({ code: "ERR_UNKNOWN_OPTION" }),
    );
  });
});

const books = sharedData("text/books-pd.txt.gz");

test.skipIf(books === undefined)(`a text of 4.8 million words is read in seconds${withoutData(books)}`, async () => {
  let [words, longest] = [0, 0];
  for await (const sentence of readSentences(books ?? "")) {
    words += sentence.length;
    longest = Math.max(longest, sentence.length);
  }
  expect([words, longest]).toEqual([4_837_541, 10_000]);
});
