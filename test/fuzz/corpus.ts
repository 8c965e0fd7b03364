/**
 * What mutations start from: small files of every kind of member, committed beside this file. `npx tsx test/fuzz/corpus.ts` writes them anew, which a change of
 * the format takes.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { EmbeddingTable, EmbeddingTables, saveAll, type TableOptions, Vocabulary } from "tallygrad";

const folder = new URL("corpus/", import.meta.url);

/** The committed files. */
export function corpus(): Uint8Array[] {
  return readdirSync(folder).map((file) => new Uint8Array(readFileSync(new URL(file, folder))));
}

const tables: Record<string, Omit<TableOptions, "rows" | "dim">> = {
  plain: {},
  decaying: { tally: { halfLife: 3 }, optimizer: { type: "cf-sgd", lr: 0.1, normalize: true }, paddingId: 2 },
  expected: { optimizer: { type: "fa-sgd", lr: 0.1, expectedCounts: [1, 2, 3, 4, 5] } },
  missing: { optimizer: { type: "adam", scope: "all" }, stateDtype: "bf16", schedule: { type: "linear", steps: 9 } },
  narrow: { optimizer: { type: "rowwise-adagrad" }, dtype: "f16", rounding: "stochastic" },
};

function trained(options: TableOptions): EmbeddingTable {
  const table = new EmbeddingTable(options);
  for (let step = 0; step < 3; step += 1) table.update([0, 3, 3], new Float32Array(3 * table.dim).fill(0.1));
  return table;
}

async function write(): Promise<void> {
  for (const [name, options] of Object.entries(tables)) {
    await trained({ rows: 5, dim: 3, ...options }).save(new URL(`${name}.safetensors`, folder));
  }
  const counting = new Vocabulary({
    capacity: 5,
    admission: { type: "count", least: 2 },
    eviction: { type: "least-recent" },
  });
  const filtering = new Vocabulary({ capacity: 4, admission: { type: "bloom", least: 2, counters: 64 } });
  for (const vocabulary of [counting, filtering]) {
    for (const keys of [
      ["a", "a", "é", "é", 1, 2n],
      [1, 3, 3, 4, 4],
      ["b", "b", "c"],
    ])
      vocabulary.rows(keys);
  }
  const features = new EmbeddingTables({ user: { rows: 3, dim: 2 }, item: { rows: 5, dim: 1 }, last: "item" });
  const words = new Vocabulary({ capacity: 5, tables: [features.table("item")] });
  await saveAll({ counting, filtering, features, words }, new URL("members.safetensors", folder));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await write();
