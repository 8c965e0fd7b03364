// Makes 1,000 of what its argument names on WebAssembly and trains each, twice: disposing of every one, then leaving them to the garbage collector.
// Prints by how many bytes WebAssembly memory grew after the first few. Needs --expose-gc.
import { setImmediate } from "node:timers/promises";
import { EmbeddingTable, EmbeddingTables, kernelMemory, Vocabulary } from "./watched.mjs";

const { DeepFM, FactorizationMachine, SkipGram } = await import("../../../dist/models.browser.js");

const ids = Uint32Array.from({ length: 500 }, (_, i) => (i * i) % 4096);
const gradients = new Float32Array(ids.length * 64).fill(1e-3);
const table = { rows: 4096, dim: 64, init: { type: "zeros" }, optimizer: { type: "sgd", lr: 0.1 } };
const keys = Array.from({ length: 2000 }, (_, i) => `the key of number ${i}`);
const users = ids.subarray(0, 100);
const columns = { user: users, film: users.map((id) => id % 1000) };
const examples = { columns, labels: Array.from(users, (id) => id % 2) };
const fields = { user: 4096, film: 1000 };

function trained(made) {
  made.update(ids, gradients);
  made.lookup(ids);
  return made;
}

function filled(vocabulary) {
  for (const first of [0, 400, 800]) vocabulary.rows(keys.slice(first, first + 1200));
  return vocabulary;
}

function fitted(machine) {
  machine.partialFit(examples);
  machine.predict({ columns });
  return machine;
}

/** Of each kind what one round makes, a megabyte or less. */
const kinds = {
  table: () => [trained(new EmbeddingTable(table))],
  "cloned table": () => {
    const original = trained(new EmbeddingTable(table));
    return [original, trained(original.clone())];
  },
  "loaded table": async () => [trained(await EmbeddingTable.load(await saved))],
  tables: () => {
    const made = new EmbeddingTables({ user: table, film: { ...table, rows: 1000 }, last: "user" });
    const batch = { ids: ids.map((id) => id % 1000), gradients };
    made.update({ user: batch, film: batch, last: batch });
    made.lookup({ user: batch.ids, film: batch.ids });
    return [made];
  },
  vocabulary: () => [filled(new Vocabulary({ capacity: 1500, eviction: { type: "least-recent" } }))],
  "cloned vocabulary": () => {
    const original = filled(new Vocabulary({ capacity: 1500, admission: { type: "count", least: 2 } }));
    return [original, filled(original.clone())];
  },
  "factorization machine": () => [fitted(new FactorizationMachine({ fields, dim: 16 }))],
  DeepFM: () => [fitted(new DeepFM({ fields, dim: 16, hidden: [16] }))],
  "skip-gram": async () => {
    const model = new SkipGram({ dim: 16, minCount: 1, subsample: 0 });
    await model.fit([keys.slice(0, 100), keys.slice(50, 150)], { epochs: 1 });
    return [model];
  },
};
const saved = new EmbeddingTable(table).save();

const make = kinds[process.argv[2]];

async function growth(finish) {
  let before = 0;
  for (let round = 0; round < 1000; round++) {
    await finish(await make(), round);
    if (round === 100) before = kernelMemory().buffer.byteLength;
  }
  return kernelMemory().buffer.byteLength - before;
}

const disposed = await growth((all) => {
  for (const made of all) made.dispose();
});
const abandoned = await growth(async (_, round) => {
  if (round % 10 !== 0) return;
  globalThis.gc();
  // Finalizers run between turns of the event loop.
  await setImmediate();
});
process.stdout.write(JSON.stringify({ disposed, abandoned }));
