/** What other libraries make of vectors: USearch finds an item's likes, and apache-arrow reads the batches that it was given. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EmbeddingTable } from "tallygrad";
import { type ArrowModule, arrowBatches } from "tallygrad/formats";
import { describe, expect, test } from "vitest";

const examples = fileURLToPath(new URL("../../examples/", import.meta.url));

/** What is used here of apache-arrow, whose types are where it may not be installed. */
interface Arrow extends ArrowModule {
  Table: new (batches: object[]) => object;
  tableToIPC(table: object): Uint8Array;
  tableFromIPC(bytes: Uint8Array): {
    numRows: number;
    schema: { fields: object[] };
    getChild(name: string): { get(row: number): string & Iterable<number> };
  };
}

/** Whether an example's library could be installed; a test's name says it otherwise. */
const has = (example: string, library: string): boolean => existsSync(join(examples, example, "node_modules", library));
const note = (there: boolean): string => (there ? "" : " (skipped: it cannot be installed here)");
const [usearch, apacheArrow] = [has("usearch", "usearch"), has("arrow", "apache-arrow")];

test.skipIf(!usearch)(`examples/usearch finds items of an item's own kind${note(usearch)}`, () => {
  const printed = execFileSync(process.execPath, [join(examples, "usearch/similar.mjs")], { encoding: "utf8" });
  const [, percent] = /nearest, ([\d.]+) %/.exec(printed) ?? [];
  // 2.5 % by chance; five runs had 100.0.
  expect(Number(percent)).toBeGreaterThan(95);
});

describe.skipIf(!apacheArrow)(`apache-arrow${note(apacheArrow)}`, () => {
  /** The module, which only the example has. */
  const load = (): Arrow => createRequire(join(examples, "arrow/"))("apache-arrow");

  test("reads in examples/arrow what was written, and nothing else", () => {
    const folder = mkdtempSync(join(tmpdir(), "tallygrad-arrow-"));
    try {
      const program = [join(examples, "arrow/vectors.mjs"), join(folder, "vectors.arrows")];
      const printed = execFileSync(process.execPath, program, { encoding: "utf8" });
      expect(printed.trim()).toBe("100000 rows, 0 of them different from the table's");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("has the rows that were asked for in a table, with keys of any characters", () => {
    const arrow = load();
    const table = new EmbeddingTable({ rows: 50_000, dim: 3 });
    const ids = Uint32Array.from({ length: 40_000 }, (_, i) => 49_999 - i);
    const keys = Array.from(ids, (id) => (id % 3 === 0 ? "" : `ключ ${id}\n`));
    const read = arrow.tableFromIPC(arrow.tableToIPC(new arrow.Table([...arrowBatches(arrow, table, { ids, keys })])));
    expect(read.numRows).toBe(40_000);
    expect(read.schema.fields.map(String)).toEqual(["key: Utf8", "vector: FixedSizeList[3]<Float32>"]);
    const vectors = table.lookup(ids);
    for (const row of [0, 1, 16_383, 16_384, 39_999]) {
      expect(read.getChild("key").get(row)).toBe(keys[row]);
      expect([...read.getChild("vector").get(row)]).toEqual([...vectors.subarray(3 * row, 3 * row + 3)]);
    }
  });

  test("is given one key a row, or is told how many there are", () => {
    const arrow = load();
    const table = new EmbeddingTable({ rows: 2, dim: 1 });
    for (const keys of [["a"], ["a", "b", "c"]]) {
      expect(() => [...arrowBatches(arrow, table, { keys })]).toThrow(/keys must be 2, one a row/);
    }
    expect([...arrowBatches(arrow, table)]).toHaveLength(1);
    expect(() => arrowBatches({} as typeof arrow, table).next()).toThrow(/apache-arrow/);
  });
});
