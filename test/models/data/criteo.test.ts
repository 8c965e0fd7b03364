/** readCriteo: 39 fields of keys, integers by class, and what a line has to be. */
import { describe, expect, test } from "vitest";
import { readCriteo } from "../../../src/models/data/index.js";
import { sharedData, withoutData } from "../../support/shared-data.js";
import { expectRefused, fileOf, listsOf, piecesOf } from "./support.js";

const integers = Array.from({ length: 13 }, (_, i) => `I${i + 1}`);
const categories = Array.from({ length: 26 }, (_, i) => `C${i + 1}`);

/** A line with these first integers; all others are missing. */
function line(label: string, numbers: (string | number)[], categoryList: string[] = []): string {
  const fill = (list: (string | number)[], length: number) => [...list, ...Array(length - list.length).fill("")];
  return [label, ...fill(numbers, 13), ...fill(categoryList, 26)].join("\t");
}

describe("Criteo's format", () => {
  test("has 13 integers and 26 categories", async () => {
    const reader = readCriteo(
      fileOf(line("1", [1, "", 5], ["68fd1e64", "", "fb936136"]), line("0", [2], ["68fd1e64"])),
    );
    expect(Object.keys(await reader.fields())).toEqual([...integers, ...categories]);
    const { columns, labels } = await reader.all();
    expect(Object.keys(columns)).toEqual([...integers, ...categories]);
    expect(labels).toEqual(Float32Array.of(1, 0));
    expect(columns.I1).toEqual(["1", "2"]);
    expect(listsOf(columns.I2)).toEqual([[], []]);
    expect(columns.C1).toEqual(["68fd1e64", "68fd1e64"]);
    expect(listsOf(columns.C3)).toEqual([["fb936136"], []]);
  });

  test("makes classes of integers above 2", async () => {
    // ln(3)^2 = 1.2, ln(100)^2 = 21.2, ln(2^31 - 1)^2 = 461.7
    const lines = [-2, 0, 1, 2, 3, 100, 2147483647].map((integer) => line("1", [integer]));
    const { columns } = await readCriteo(fileOf(...lines)).all();
    expect(columns.I1).toEqual(["-2", "0", "1", "2", "log1", "log21", "log461"]);
  });

  test("has no integer whose class a last digit of a logarithm could decide", () => {
    // The integers beside exp(sqrt(k)), where class k begins.
    for (let k = 2; k < 470; k++) {
      const start = Math.exp(Math.sqrt(k));
      for (const integer of [Math.floor(start), Math.ceil(start)]) {
        expect(Math.abs(Math.log(integer) ** 2 - k)).toBeGreaterThan(1e-10);
      }
    }
  });

  test.each([
    ["an integer with a point", line("1", ["1", "2.5"]), 'I2 must be an integer, but is "2.5"'],
    ["another label", line("2", []), 'label must be 0 or 1, but is "2"'],
    ["no label", line("", []), 'label must be 0 or 1, but is ""'],
    ["no label's field, as test data have it", line("1", []).slice(2), "the line has 39 fields, where 40 should be"],
    ["commas", "1,2", "the line has 1 fields, where 40 should be"],
  ])("has no line with %s", async (_, wrong, says) => {
    const file = fileOf(line("1", [1]), wrong, line("0", [2]));
    await expectRefused(readCriteo(file), `clicks.csv:2: ${says}`);
    const reader = readCriteo(file, { malformed: "skip" });
    expect((await reader.all()).columns.I1).toEqual(["1", "2"]);
    expect(reader.skipped).toBe(1);
  });

  test("has quotes that are text", async () => {
    const { columns } = await readCriteo(fileOf(line("1", [], ['"', 'a"b']))).all();
    expect([columns.C1, columns.C2]).toEqual([['"'], ['a"b']]);
  });
});

const train = sharedData("criteo-8k/train.tsv");

test.skipIf(train === undefined)(`7,200 lines of Criteo's are examples${withoutData(train)}`, async () => {
  const reader = readCriteo(train ?? "", { piece: 1000 });
  const pieces = await piecesOf(reader);
  expect(pieces.map(({ labels }) => labels.length)).toEqual([...Array(7).fill(1000), 200]);
  for (const { columns, labels } of pieces) {
    expect(Object.keys(columns)).toHaveLength(39);
    for (const column of Object.values(columns)) expect(listsOf(column)).toHaveLength(labels.length);
  }
  const first = pieces[0]?.columns ?? {};
  // The file begins 0, 1, 1, 5, 0, 1382: ln(5)^2 = 2.6, ln(1382)^2 = 52.3
  expect(integers.slice(0, 5).map((name) => listsOf(first[name])[0])).toEqual([
    ["1"],
    ["1"],
    ["log2"],
    ["0"],
    ["log52"],
  ]);
  expect(listsOf(first.C1)[0]).toEqual(["68fd1e64"]);
});
