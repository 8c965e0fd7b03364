/** writeTo: all the bytes in every kind of target, or, whatever fails, the target as it was. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Progress, Target } from "../../index.js";
import { writeTo } from "../../src/files/target.js";

const root = mkdtempSync(join(tmpdir(), "tallygrad-target-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(root, "test-"));
  path = join(folder, "file.bin");
});

const count = 20;
const expected = Buffer.concat(Array.from({ length: count }, (_, i) => Buffer.alloc(1000 + i, i + 1)));

/** Chunks in two buffers by turns, which are overwritten as soon as the contract allows it. */
async function* chunks(failAt = -1): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const buffers = [new Uint8Array(2000), new Uint8Array(2000)];
  for (let i = 0; i < count; i++) {
    if (i === failAt) throw new Error("the producer failed");
    const buffer = buffers[i % 2] ?? new Uint8Array();
    buffer.fill(0xff);
    await new Promise(setImmediate);
    buffer.fill(i + 1);
    yield buffer.subarray(0, 1000 + i);
  }
}

/** A stream that keeps its chunks, and what becomes of it. */
function collector() {
  const parts: Uint8Array[] = [];
  const state = { ended: "", reason: undefined as unknown };
  const stream = new WritableStream<Uint8Array>({
    async write(chunk) {
      await new Promise(setImmediate);
      parts.push(chunk);
    },
    close: () => void Object.assign(state, { ended: "closed" }),
    abort: (reason) => void Object.assign(state, { ended: "aborted", reason }),
  });
  return { stream, state, content: () => Buffer.concat(parts) };
}

describe("a file", () => {
  test.each([
    ["path", () => path],
    ["URL", () => pathToFileURL(path)],
  ])("is written by its %s, and nothing else is left", async (_, target) => {
    const progress: Progress[] = [];
    const onProgress = (now: Progress) => progress.push(now);
    expect(await writeTo(target(), chunks(), { onProgress, total: expected.length })).toBeUndefined();
    expect(Buffer.compare(readFileSync(path), expected)).toBe(0);
    expect(readdirSync(folder)).toEqual(["file.bin"]);
    expect(progress).toHaveLength(count);
    expect(progress[0]).toEqual({ done: 1000, total: expected.length });
    expect(progress.at(-1)).toEqual({ done: expected.length, total: expected.length });
  });

  test("keeps its permissions", async () => {
    writeFileSync(path, "old");
    chmodSync(path, 0o640);
    await writeTo(path, chunks());
    expect(statSync(path).mode & 0o7777).toBe(0o640);
  });

  test("is written where a link leads, which stays", async () => {
    mkdirSync(join(folder, "there"));
    symlinkSync(join("there", "real.bin"), path);
    for (const round of ["new", "old"]) {
      await writeTo(path, chunks());
      expect(lstatSync(path).isSymbolicLink(), round).toBe(true);
      expect(Buffer.compare(readFileSync(join(folder, "there", "real.bin")), expected)).toBe(0);
      expect(readdirSync(join(folder, "there"))).toEqual(["real.bin"]);
    }
  });

  test("is found by a relative link in a folder that is a link itself", async () => {
    mkdirSync(join(folder, "a", "b"), { recursive: true });
    symlinkSync(join("a", "b"), join(folder, "to-b"));
    symlinkSync(join("..", "real.bin"), join(folder, "a", "b", "link"));
    await writeTo(join(folder, "to-b", "link"), chunks());
    expect(readdirSync(join(folder, "a")).sort()).toEqual(["b", "real.bin"]);
  });

  test.each([
    ["the producer fails", "the producer failed", { failAt: 7 }],
    ["the signal aborts", "enough", { abortAt: 5000 }],
    ["onProgress throws", "not one more", { throwAt: 5000 }],
  ])(
    "is as it was when %s in the middle, and nothing else is left",
    async (_, message, { failAt, abortAt, throwAt }: { failAt?: number; abortAt?: number; throwAt?: number }) => {
      writeFileSync(path, "old");
      const controller = new AbortController();
      const onProgress = ({ done }: Progress) => {
        if (done > (abortAt ?? Number.POSITIVE_INFINITY)) controller.abort(new Error("enough"));
        if (done > (throwAt ?? Number.POSITIVE_INFINITY)) throw new Error("not one more");
      };
      const { signal } = controller;
      await expect(writeTo(path, chunks(failAt), { signal, onProgress })).rejects.toThrow(message);
      expect(readFileSync(path, "utf8")).toBe("old");
      expect(readdirSync(folder)).toEqual(["file.bin"]);
    },
  );

  test("fails as the file system does where it cannot be written", async () => {
    await expect(writeTo(join(folder, "missing", "file"), chunks())).rejects.toMatchObject({ code: "ENOENT" });
    await expect(writeTo(folder, chunks())).rejects.toMatchObject({ code: "EISDIR" });
    writeFileSync(path, "old");
    await expect(writeTo(join(path, "file"), chunks())).rejects.toMatchObject({ code: "ENOTDIR" });
  });

  test.skipIf(process.getuid?.() === 0)("is refused in a folder that may not be written", async () => {
    chmodSync(folder, 0o500);
    await expect(writeTo(path, chunks())).rejects.toMatchObject({ code: "EACCES" });
  });

  test.skipIf(process.platform === "win32")("that is a device is written, not replaced", async () => {
    await writeTo("/dev/null", chunks());
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  });
});

describe("other targets", () => {
  test("without one there is a Blob", async () => {
    const blob = await writeTo(undefined, chunks());
    expect(Buffer.compare(Buffer.from((await blob?.arrayBuffer()) ?? new ArrayBuffer()), expected)).toBe(0);
  });

  test("a stream gets chunks that it may keep, and is closed", async () => {
    const { stream, state, content } = collector();
    expect(await writeTo(stream, chunks())).toBeUndefined();
    expect(Buffer.compare(content(), expected)).toBe(0);
    expect(state.ended).toBe("closed");
  });

  test("a stream is aborted with what failed", async () => {
    const { stream, state } = collector();
    await expect(writeTo(stream, chunks(7))).rejects.toThrow("the producer failed");
    expect(state).toMatchObject({ ended: "aborted", reason: { message: "the producer failed" } });
  });

  test("a stream that takes nothing is not waited for after an abort", async () => {
    const controller = new AbortController();
    const stuck = new WritableStream({ write: () => new Promise(() => undefined) });
    setTimeout(() => controller.abort("enough"), 5);
    await expect(writeTo(stuck, chunks(), { signal: controller.signal })).rejects.toBe("enough");
  });

  test("a FileSystemFileHandle's stream is closed, or aborted", async () => {
    const written = collector();
    await writeTo({ createWritable: async () => written.stream }, chunks());
    expect(written.state.ended).toBe("closed");
    const failed = collector();
    await expect(writeTo({ createWritable: async () => failed.stream }, chunks(3))).rejects.toThrow("failed");
    expect(failed.state.ended).toBe("aborted");
  });

  test.each([[7], [new Blob()], [null]])("%s is refused", async (target) => {
    await expect(writeTo(target as unknown as Target, chunks())).rejects.toMatchObject({ code: "ERR_WRONG_CLASS" });
  });

  test("a path is refused where there are no files", async () => {
    vi.stubGlobal("process", undefined);
    try {
      await expect(writeTo("table.bin", chunks())).rejects.toMatchObject({ code: "ERR_OPTION_VALUE" });
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
