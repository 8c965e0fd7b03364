/** safetensors: files of the Python library read, and what is written has its bytes but for the padding. */
import { describe, expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "../../src/formats/index.js";
import { binaryText, bitsOf, dim, numbersOf, rows, tableOf, vectorBytes, vectorPath } from "./support/vectors.js";

describe("readSafetensors", () => {
  test.each([
    ["f32.safetensors", "f4", undefined],
    ["f16.safetensors", "f2", undefined],
    ["bf16.safetensors", "bf16", undefined],
    ["model.safetensors", "f4", "embedding.weight"],
    ["model.safetensors", "f2", "head.weight"],
  ] as const)("reads %s to the bit, %s, tensor %s", async (file, type, tensor) => {
    for (const source of [vectorPath(file), new Blob([vectorBytes(file)]).stream()]) {
      const read = await readSafetensors(source, { tensor });
      expect(read).toMatchObject({ rows, dim });
      expect(bitsOf(read.weights)).toEqual(bitsOf(numbersOf(type)));
    }
  });

  test("names the tensors there are where it cannot tell which is meant", async () => {
    const file = vectorPath("model.safetensors");
    await expect(readSafetensors(file)).rejects.toMatchObject({
      code: "ERR_MISSING_OPTION",
      message: expect.stringMatching(/"embedding.weight" \(F32, 6 x 5\).*"head.weight" \(F16, 6 x 5\)$/),
    });
    await expect(readSafetensors(file, { tensor: "head.bias" })).rejects.toMatchObject({
      code: "ERR_OPTION_VALUE",
      message: expect.stringMatching(/tensor is "head.bias".*"steps" \(I64, 1\)/),
    });
  });

  test("refuses a file that was cut off anywhere", async () => {
    const bytes = vectorBytes("bf16.safetensors");
    for (let length = 0; length < bytes.length; length++) {
      const source = new Blob([bytes.subarray(0, length)]);
      await expect(readSafetensors(source)).rejects.toMatchObject({ code: "ERR_FILE_FORMAT" });
      await expect(readSafetensors(source.stream())).rejects.toMatchObject({ code: "ERR_FILE_FORMAT" });
    }
  });
});

test("writeSafetensors writes what the Python library does", async () => {
  const written = await binaryText(await writeSafetensors(tableOf(numbersOf("f4"), dim)));
  const theirs = Buffer.from(vectorBytes("f32.safetensors")).toString("latin1");
  const json = (file: string) => JSON.parse(file.slice(8, file.length - 4 * rows * dim));
  expect(json(written)).toEqual(json(theirs));
  expect(written.slice(-4 * rows * dim)).toBe(theirs.slice(-4 * rows * dim));
  const named = await writeSafetensors(tableOf(numbersOf("f4"), dim), undefined, { tensor: "user.weight" });
  expect(await readSafetensors(named ?? "", { tensor: "user.weight" })).toMatchObject({ rows, dim });
});
