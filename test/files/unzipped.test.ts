/** UnzippedReader: what is gzipped comes out as it went in, whatever the source, and damage is told from what the source says. */
import { gzipSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import type { LongCallOptions, Source } from "../../index.js";
import { UnzippedReader } from "../../src/files/unzipped.js";
import { streamOf } from "../models/data/support.js";

const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 7);
const zipped = new Uint8Array(gzipSync(content));

async function read(source: Source, options: LongCallOptions = {}): Promise<Uint8Array> {
  const reader = await UnzippedReader.open(source, "clicks.csv", options);
  const pieces: Uint8Array[] = [];
  try {
    for (let piece = await reader.upTo(70_000); piece.length > 0; piece = await reader.upTo(70_000)) {
      pieces.push(piece.slice());
    }
  } finally {
    await reader.close();
  }
  return Buffer.concat(pieces);
}

describe("bytes", () => {
  test.each<[what: string, source: (bytes: Uint8Array<ArrayBuffer>) => Source]>([
    ["in memory", (bytes) => bytes],
    ["of a Blob", (bytes) => new Blob([bytes])],
    ["of a stream", (bytes) => new Blob([bytes]).stream()],
    [
      "of a stream that begins with single bytes",
      (bytes) => streamOf([bytes.slice(0, 1), bytes.slice(1, 2), bytes.slice(2)]),
    ],
  ])("%s that are gzipped come out as they went in, and others as they are", async (_, source) => {
    expect(Buffer.compare(await read(source(content)), content)).toBe(0);
    expect(Buffer.compare(await read(source(zipped)), content)).toBe(0);
  });

  test("that begin like a gzip and end there, or before, are no gzip or damaged", async () => {
    expect(await read(new Uint8Array())).toHaveLength(0);
    expect([...(await read(Uint8Array.of(0x1f)))]).toEqual([0x1f]);
    await expect(read(Uint8Array.of(0x1f, 0x8b))).rejects.toMatchObject({ code: "ERR_DATA" });
  });
});

describe("a gzip", () => {
  test.each<[what: string, bytes: Uint8Array]>([
    ["cut off", zipped.subarray(0, zipped.length - 9)],
    ["cut off in its header", zipped.subarray(0, 5)],
    ["with another byte", zipped.map((byte, i) => (i === 1000 ? byte ^ 0xff : byte))],
    ["with another checksum", zipped.map((byte, i) => (i === zipped.length - 6 ? byte ^ 1 : byte))],
    ["with something behind it", Buffer.concat([zipped, Buffer.from("click,user")])],
  ])("%s is refused with its name", async (_, bytes) => {
    await expect(read(new Uint8Array(bytes))).rejects.toMatchObject({
      constructor: Error,
      code: "ERR_DATA",
      message: "clicks.csv is gzipped, and damaged or cut off",
    });
  });

  test("shows progress in the bytes of the source", async () => {
    const onProgress = vi.fn();
    await read(zipped, { onProgress });
    expect(onProgress).toHaveBeenLastCalledWith({ done: zipped.length, total: zipped.length });
  });

  test("passes on what the source, the signal and onProgress say", async () => {
    const broken = new ReadableStream({
      start: (controller) => controller.enqueue(zipped.slice(0, 1000)),
      pull: (controller) => controller.error(new Error("the cable is out")),
    });
    await expect(read(broken)).rejects.toThrow("the cable is out");
    let calls = 0;
    const onProgress = () => {
      if (calls++ === 1) throw new Error("no more");
    };
    await expect(read(new Uint8Array(gzipSync(noise())), { onProgress })).rejects.toThrow("no more");
    const controller = new AbortController();
    const reader = await UnzippedReader.open(zipped, "clicks.csv", { signal: controller.signal });
    await reader.upTo(1);
    controller.abort("enough");
    await expect(reader.upTo(1)).rejects.toBe("enough");
    await reader.close();
  });

  test("needs a runtime that can unzip", async () => {
    vi.stubGlobal("DecompressionStream", undefined);
    try {
      await expect(read(zipped)).rejects.toMatchObject({
        code: "ERR_OPTION_VALUE",
        message: expect.stringContaining("cannot unzip clicks.csv"),
      });
      expect(await read(content)).toHaveLength(content.length);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test("gives its source back when it is closed early", async () => {
    const cancel = vi.fn();
    const stream = new ReadableStream({ start: (controller) => controller.enqueue(zipped.slice(0, 20_000)), cancel });
    const reader = await UnzippedReader.open(stream, "clicks.csv", {});
    await reader.upTo(1);
    await reader.close();
    expect(cancel).toHaveBeenCalled();
  });
});

/** Bytes that zip to as many. */
function noise(): Uint8Array {
  const bytes = new Uint8Array(600_000);
  for (let at = 0; at < bytes.length; at += 50_000) crypto.getRandomValues(bytes.subarray(at, at + 50_000));
  return bytes;
}
