/** .npy: NumPy's own files read, and what is written has NumPy's bytes. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EmbeddingTable } from "tallygrad";
import { afterAll, describe, expect, test } from "vitest";
import type { Progress } from "../../index.js";
import { readNpy, writeNpy } from "../../src/formats/index.js";
import { binaryText, bitsOf, dim, numbersOf, rows, tableOf, vectorBytes, vectorPath } from "./support/vectors.js";

const folder = mkdtempSync(join(tmpdir(), "tallygrad-npy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("readNpy", () => {
  test.each([
    ["f4.npy", "f4"],
    ["f2.npy", "f2"],
    ["f8.npy", "f8"],
    ["version-2.npy", "f4"],
    ["version-3.npy", "f4"],
  ] as const)("reads NumPy's %s to the bit", async (file, type) => {
    for (const source of [vectorPath(file), new Blob([vectorBytes(file)]), new Blob([vectorBytes(file)]).stream()]) {
      const array = await readNpy(source);
      expect(array).toMatchObject({ rows, dim });
      expect(bitsOf(array.weights)).toEqual(bitsOf(numbersOf(type)));
    }
  });

  test.each([
    ["fortran.npy", "in Fortran order"],
    ["big-endian.npy", "of '>f4'"],
    ["one-dimension.npy", "shape (5,)"],
    ["structured.npy", "several fields"],
    ["model.safetensors", "does not begin with \\x93NUMPY"],
  ])("refuses %s and says why", async (file, says) => {
    await expect(readNpy(vectorPath(file))).rejects.toMatchObject({
      code: "ERR_FILE_FORMAT",
      message: expect.stringContaining(says),
    });
  });

  test("refuses a file that was cut off anywhere", async () => {
    const bytes = vectorBytes("f4.npy");
    for (let length = 0; length < bytes.length; length++) {
      await expect(readNpy(bytes.subarray(0, length))).rejects.toMatchObject({ code: "ERR_FILE_FORMAT" });
      await expect(readNpy(new Blob([bytes.subarray(0, length)]).stream())).rejects.toMatchObject({
        code: "ERR_FILE_FORMAT",
      });
    }
  });

  test.each([
    ["(4000000000, 65536)", "the array"],
    ["(99999999999999999999, 4)", "rows"],
    ["(6, 65537)", "rows"],
    ["(0, 5)", "rows"],
  ])("takes no memory for a shape of %s that is only claimed", async (shape, says) => {
    const bytes = vectorBytes("f4.npy");
    const text = Buffer.from(bytes)
      .toString("latin1")
      .replace("(6, 5), }", `${shape}, }`)
      .replace(/ {10,40}/, " ");
    const header = Buffer.from(text.slice(0, text.indexOf("\n") + 1), "latin1");
    header.writeUInt16LE(header.length - 10, 8);
    const file = new Uint8Array([...header, ...bytes.subarray(-100)]);
    for (const source of [file, new Blob([file]).stream()]) {
      await expect(readNpy(source)).rejects.toMatchObject({
        code: "ERR_FILE_FORMAT",
        message: expect.stringContaining(says),
      });
    }
  });
});

describe("writeNpy", () => {
  test("writes the bytes that NumPy does", async () => {
    const blob = await writeNpy(tableOf(numbersOf("f4"), dim));
    expect(await binaryText(blob)).toBe(Buffer.from(vectorBytes("f4.npy")).toString("latin1"));
  });

  test("writes a table of many pieces to a file, with progress, and reading gives the table's bits", async () => {
    const table = new EmbeddingTable({ rows: 50_001, dim: 33, seed: 3 });
    const path = join(folder, "table.npy");
    const progress: Progress[] = [];
    await writeNpy(table, path, { onProgress: (now) => progress.push(now) });
    expect(progress.length).toBeGreaterThan(4);
    expect(progress.at(-1)).toEqual({ done: readFileSync(path).length, total: readFileSync(path).length });
    const { weights } = await readNpy(path);
    expect(new EmbeddingTable({ rows: 50_001, dim: 33, init: weights }).fingerprint()).toBe(
      new EmbeddingTable({
        rows: 50_001,
        dim: 33,
        init: table.lookup(Uint32Array.from({ length: 50_001 }, (_, i) => i)),
      }).fingerprint(),
    );
  });

  test("writes some rows in the order asked for", async () => {
    const table = tableOf(Float32Array.of(0, 1, 2, 3, 4, 5), 2);
    const blob = await writeNpy(table, undefined, { ids: [2, 0, 2] });
    expect(await readNpy(blob ?? "")).toEqual({ rows: 3, dim: 2, weights: Float32Array.of(4, 5, 0, 1, 4, 5) });
    await expect(writeNpy(table, undefined, { ids: [3] })).rejects.toMatchObject({ code: "ERR_ID_OUT_OF_RANGE" });
  });

  test("notices a step of the table meanwhile, and leaves the file as it was", async () => {
    const table = new EmbeddingTable({ rows: 100_000, dim: 8 });
    const path = join(folder, "stepping.npy");
    const onProgress = (): void => void table.update([1], new Float32Array(8));
    await expect(writeNpy(table, path, { onProgress })).rejects.toMatchObject({ code: "ERR_TABLE_CHANGED" });
    await expect(readNpy(path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("refuses options that there are not, and what is no table", async () => {
    const table = tableOf(new Float32Array(4), 2);
    await expect(writeNpy(table, undefined, { id: [0] } as object)).rejects.toMatchObject({
      code: "ERR_UNKNOWN_OPTION",
      message: expect.stringContaining("did you mean ids"),
    });
    await expect(writeNpy({} as typeof table)).rejects.toMatchObject({ code: "ERR_WRONG_CLASS" });
  });
});
