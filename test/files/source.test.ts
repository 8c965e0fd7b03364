/** Reader: the same bytes from every kind of source, in pieces of any length, and errors that say where a source ends. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { Source } from "../../index.js";
import { Reader } from "../../src/files/source.js";
import { Random, seed } from "../contract/support/random.js";

const folder = mkdtempSync(join(tmpdir(), "tallygrad-source-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bytes = Uint8Array.from({ length: 700_001 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
const path = join(folder, "bytes.bin");
writeFileSync(path, bytes);

/** A stream of chunks of these lengths, over and over; some are empty. */
function streamOf(content: Uint8Array, lengths = [70_000, 1, 0, 300_000]): ReadableStream<Uint8Array> {
  let [at, chunk] = [0, 0];
  return new ReadableStream({
    pull(controller) {
      const length = lengths[chunk++ % lengths.length] ?? 1;
      controller.enqueue(content.slice(at, at + length));
      at += length;
      if (at >= content.length) controller.close();
    },
  });
}

const kinds: [name: string, source: (content: Uint8Array<ArrayBuffer>) => Source, sized: boolean][] = [
  ["a path", () => path, true],
  ["a URL", () => pathToFileURL(path), true],
  ["a Blob", (content) => new Blob([content]), true],
  ["a File", (content) => new File([content], "name"), true],
  ["an ArrayBuffer", (content) => content.slice().buffer, true],
  ["a Uint8Array", (content) => new Uint8Array([9, ...content.subarray(0, 9), 9]).subarray(1, 10) && content, true],
  ["a Buffer", (content) => Buffer.from(content), true],
  ["a ReadableStream", (content) => streamOf(content), false],
];

describe.each(kinds)("a reader of %s", (_, source, sized) => {
  test(`gives its bytes in pieces of any length (seed ${seed})`, async () => {
    const random = new Random(seed);
    const reader = await Reader.open(source(bytes));
    expect(reader.size).toBe(sized ? bytes.length : undefined);
    while (reader.position < bytes.length) {
      const at = reader.position;
      const length = random.below(2) === 0 ? random.below(50) : random.below(200_000);
      const exact = random.below(2) === 0 && length <= bytes.length - at;
      const piece = exact ? await reader.read(length) : await reader.upTo(1 + length);
      expect(reader.position).toBe(at + piece.length);
      if (exact) expect(piece.length).toBe(length);
      else expect(piece.length).toBeGreaterThan(0);
      expect(piece.length).toBeLessThanOrEqual(length + 1);
      expect(Buffer.compare(piece, bytes.subarray(at, at + piece.length))).toBe(0);
    }
    expect(await reader.upTo(10)).toHaveLength(0);
    expect(await reader.read(0)).toHaveLength(0);
    await reader.close();
  });

  test("shows bytes that stay to be read", async () => {
    const reader = await Reader.open(source(bytes));
    expect([...(await reader.peek(3))]).toEqual([...bytes.subarray(0, 3)]);
    expect(reader.position).toBe(0);
    await reader.read(699_999);
    expect([...(await reader.peek(5))]).toEqual([...bytes.subarray(699_999)]);
    expect([...(await reader.upTo(5))]).toEqual([...bytes.subarray(699_999)]);
    expect(await reader.peek(1)).toHaveLength(0);
    await reader.close();
  });

  test("gives its bytes by what ends them", async () => {
    const reader = await Reader.open(source(bytes));
    for (let at = 0; at < bytes.length; at = reader.position) {
      const found = bytes.indexOf(7, at);
      const piece = await reader.through(7, 700_001, "a line");
      expect(Buffer.compare(piece, bytes.subarray(at, found === -1 ? bytes.length : found + 1))).toBe(0);
    }
    expect(await reader.through(7, 10, "a line")).toHaveLength(0);
    await reader.close();
  });

  test("says where it ends when more is asked for, however much", async () => {
    const reader = await Reader.open(source(bytes));
    await reader.read(700_000);
    for (const length of [2, Number.MAX_SAFE_INTEGER]) {
      await expect(reader.read(length, "the last row")).rejects.toMatchObject({
        constructor: Error,
        code: "ERR_FILE_FORMAT",
        message: "the file ends at byte 700001, where the last row should be (from byte 700000)",
      });
    }
    await reader.close();
  });

  test("stops with the signal's reason", async () => {
    const controller = new AbortController();
    const reader = await Reader.open(source(bytes), controller.signal);
    await reader.read(5);
    controller.abort("enough");
    await expect(reader.read(5)).rejects.toBe("enough");
    await expect(reader.upTo(5)).rejects.toBe("enough");
    await reader.close();
    await expect(Reader.open(source(bytes), controller.signal)).rejects.toBe("enough");
  });
});

describe("a reader", () => {
  test("of a stream that gives nothing stops waiting when told, and cancels it", async () => {
    const cancel = vi.fn();
    const controller = new AbortController();
    const reader = await Reader.open(new ReadableStream({ cancel }), controller.signal);
    setTimeout(() => controller.abort("enough"), 5);
    await expect(reader.read(1)).rejects.toBe("enough");
    await reader.close();
    expect(cancel).toHaveBeenCalled();
  });

  test("of memory lets timers run", async () => {
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    const reader = await Reader.open(new Uint8Array(400_000_000));
    while ((await reader.upTo(1 << 20)).length > 0);
    clearInterval(timer);
    expect(longest).toBeGreaterThan(0);
    expect(longest).toBeLessThan(50);
  });

  test.each([
    [7, "ERR_WRONG_CLASS", "is 7"],
    [{}, "ERR_WRONG_CLASS", "is an Object"],
    [new Float32Array(1), "ERR_WRONG_CLASS", "is a Float32Array"],
    [undefined, "ERR_WRONG_CLASS", "is undefined"],
    ["https://example.com/table", "ERR_OPTION_VALUE", "response.body"],
    [new URL("https://example.com/table"), "ERR_OPTION_VALUE", "response.body"],
    [new URL("ftp://example.com/table"), "ERR_OPTION_VALUE", "file: URL"],
  ])("refuses %s", async (source, code, part) => {
    await expect(Reader.open(source as Source)).rejects.toMatchObject({ code, message: expect.stringContaining(part) });
  });

  test("refuses streams that are locked or have something else in them", async () => {
    const locked = streamOf(bytes);
    locked.getReader();
    await expect(Reader.open(locked)).rejects.toMatchObject({ code: "ERR_WRONG_CLASS" });
    const reader = await Reader.open(new ReadableStream({ start: (controller) => controller.enqueue("text") }));
    await expect(reader.read(1)).rejects.toMatchObject({
      code: "ERR_WRONG_CLASS",
      message: 'source must be a stream of Uint8Arrays, but a chunk is "text"',
    });
    await reader.close();
  });

  test.each([
    ["memory", new Uint8Array(500_000)],
    ["a stream", streamOf(new Uint8Array(500_000))],
  ])("of %s gives all there is where nothing ends it", async (_, source) => {
    const reader = await Reader.open(source);
    expect(await reader.through(10, 500_000, "line 1")).toHaveLength(500_000);
  });

  test("refuses what goes on without end", async () => {
    const reader = await Reader.open(new Uint8Array(500_000));
    await reader.read(5);
    await expect(reader.through(10, 300_000, "line 7")).rejects.toMatchObject({
      code: "ERR_FILE_FORMAT",
      message: "line 7 (from byte 5) is longer than 300000 bytes",
    });
  });

  test("passes on what the file system says", async () => {
    await expect(Reader.open(join(folder, "missing"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("says what to pass where there are no files", async () => {
    vi.stubGlobal("process", undefined);
    try {
      await expect(Reader.open("table.bin")).rejects.toMatchObject({
        constructor: RangeError,
        code: "ERR_OPTION_VALUE",
        message: expect.stringContaining("pass a Blob"),
      });
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
