/** No array that a member of the package's classes gives lies in WebAssembly memory, where the next growth would detach it. */
import { describe, expect, test } from "vitest";
import type { EmbeddingTable, EmbeddingTables, TableOptions, Vocabulary } from "../index.js";
import type { DeepFM, Machine, SkipGram } from "../models.js";
import { withInstances } from "./support/fresh-facade.js";

const options: TableOptions = { rows: 30, dim: 5, optimizer: { type: "adam" }, tally: { halfLife: 3 } };
const ids = Uint32Array.of(3, 1, 4, 1);
const floats = (): Float32Array => new Float32Array(ids.length * 5).fill(0.5);
const keys = ["to", "be", "or", "not", "to", 7, 8n];
const examples = { columns: { user: ids, film: ids }, labels: [0, 1, 1, 0], weights: Float32Array.of(1, 2, 1, 1) };
const sentences = [
  ["to", "be", "or"],
  ["not", "to", "be"],
];

/** Every member of a class, called with arrays of every kind it takes. */
type Members<Class> = Record<Exclude<keyof Class, symbol>, (subject: Class) => unknown>;

const ofTables: Members<EmbeddingTable> = {
  rows: (table) => table.rows,
  dim: (table) => table.dim,
  step: (table) => table.step,
  lr: (table) => table.lr,
  backend: (table) => table.backend,
  memory: (table) => table.memory,
  lookup: (table) => [table.lookup(ids), table.lookup([2]), table.lookup(ids, floats())],
  update: (table) => table.update(ids, floats()),
  pool: (table) => [table.pool(ids, [0, 1, 4]), table.pool(ids, [0, 4], { mode: "max" }, floats())],
  updatePool: (table) => {
    const weightGradients = new Float32Array(4);
    return [table.updatePool(ids, [0, 4], new Float32Array(5), { weightGradients }), weightGradients];
  },
  hottest: (table) => table.hottest(3),
  coldest: (table) => table.coldest(3),
  tallyHistogram: (table) => table.tallyHistogram(),
  setRows: (table) => table.setRows(ids, floats()),
  resetRows: (table) => table.resetRows([2]),
  tally: (table) => table.tally(1),
  tallies: (table) => [table.tallies(), table.tallies(ids), table.tallies(ids, new Float64Array(9))],
  rates: (table) => [table.rates(ids), table.rates(ids, floats())],
  flush: (table) => table.flush(),
  fingerprint: (table) => table.fingerprint(),
  grow: (table) => table.clone().grow(40),
  save: (table) => table.clone().save(),
  clone: (table) => table.clone().lookup(ids),
  dispose: (table) => table.clone().dispose(),
};

const ofSeveral: Members<EmbeddingTables> = {
  features: (tables) => tables.features,
  table: (tables) => tables.table("user").lookup(ids),
  lookup: (tables) => tables.lookup({ user: ids, film: [2], last: ids }),
  update: (tables) => tables.update({ user: { ids, gradients: floats() }, film: { ids, gradients: floats() } }),
  dispose: () => [],
};

const ofVocabularies: Members<Vocabulary> = {
  capacity: (vocabulary) => vocabulary.capacity,
  size: (vocabulary) => vocabulary.size,
  step: (vocabulary) => vocabulary.step,
  memory: (vocabulary) => vocabulary.memory,
  backend: (vocabulary) => vocabulary.backend,
  rows: (vocabulary) => [vocabulary.rows(keys), vocabulary.rows(keys, new Uint32Array(9))],
  lookup: (vocabulary) => [vocabulary.lookup(keys), vocabulary.lookup(keys, new Uint32Array(9))],
  key: (vocabulary) => vocabulary.key(1),
  grow: (vocabulary) => vocabulary.clone().grow(40),
  fingerprint: (vocabulary) => vocabulary.fingerprint(),
  clone: (vocabulary) => vocabulary.clone().lookup(keys),
  dispose: (vocabulary) => vocabulary.clone().dispose(),
};

const ofMachines: Members<Machine> = {
  vectors: ({ vectors }) => vectors.lookup(ids),
  biases: ({ biases }) => biases.lookup(ids),
  vocabulary: ({ vocabulary }) => vocabulary,
  intercept: (machine) => machine.intercept,
  loss: (machine) => machine.loss,
  backend: (machine) => machine.backend,
  fit: (machine) => machine.fit(examples, { validation: examples }),
  partialFit: (machine) => machine.partialFit(examples),
  predict: (machine) => machine.predict(examples),
  evaluate: (machine) => machine.evaluate(examples),
  rowsOf: (machine) => machine.rowsOf("user", ids),
  save: (machine) => machine.save(),
  clone: (machine) => machine.clone().predict(examples),
  fingerprint: (machine) => machine.fingerprint(),
  dispose: (machine) => machine.clone().dispose(),
};

const ofDeepFMs: Members<DeepFM> = {
  ...ofMachines,
  layers: ({ layers }) => layers.map((layer) => layer.lookup([0])),
};

const ofSkipGrams: Members<SkipGram> = {
  fit: (model) => model.fit(sentences),
  vectors: ({ vectors }) => vectors.lookup([0]),
  contexts: ({ contexts }) => contexts.lookup([0]),
  words: (model) => model.words,
  counts: (model) => model.counts,
  backend: (model) => model.backend,
  vector: (model) => model.vector("be"),
  similarity: (model) => model.similarity("to", "be"),
  neighbors: (model) => model.neighbors("to"),
  writeWord2vec: (model) => model.writeWord2vec(),
  save: (model) => model.save(),
  fingerprint: (model) => model.fingerprint(),
  dispose: () => [],
};

/** The package on WebAssembly with its kernel started, and the kernel's memory. */
async function started() {
  const main: typeof import("../index.js") = await import(`${new URL("../dist/browser.js", import.meta.url)}`);
  const models: typeof import("../models.js") = await import(
    `${new URL("../dist/models.browser.js", import.meta.url)}`
  );
  memory ??= withInstances(
    (exports) => {
      memory = exports.memory as WebAssembly.Memory;
      return exports;
    },
    () => {
      new main.EmbeddingTable({ rows: 1, dim: 1 });
      return memory;
    },
  );
  return { ...main, ...models, memory: memory as WebAssembly.Memory };
}
let memory: WebAssembly.Memory | undefined;
type Package = Awaited<ReturnType<typeof started>>;

const fields = { user: 30, film: 30 };
// biome-ignore lint/suspicious/noExplicitAny: members of one class are not members of another.
const subjects: [name: string, make: (all: Package) => unknown, members: Members<any>, arrays: number][] = [
  ["EmbeddingTable", (all) => new all.EmbeddingTable(options), ofTables, 14],
  ["EmbeddingTables", (all) => new all.EmbeddingTables({ user: options, film: options, last: "user" }), ofSeveral, 4],
  ["Vocabulary", (all) => new all.Vocabulary({ capacity: 5, eviction: { type: "least-recent" } }), ofVocabularies, 5],
  ["FactorizationMachine", (all) => new all.FactorizationMachine({ fields, dim: 5 }), ofMachines, 5],
  ["DeepFM", (all) => new all.DeepFM({ fields, dim: 5, hidden: [3] }), ofDeepFMs, 7],
  ["SkipGram", (all) => new all.SkipGram({ dim: 5, minCount: 1, subsample: 0 }), ofSkipGrams, 4],
];

/** Names of what a class and those above it have. Machines hand their layers to DeepFM under a name of their own. */
function namesOf(subject: unknown): string[] {
  const names = new Set(Object.keys(subject as object));
  for (let one = Object.getPrototypeOf(subject); one !== Object.prototype; one = Object.getPrototypeOf(one)) {
    for (const name of Object.getOwnPropertyNames(one)) names.add(name);
  }
  return [...names].filter((name) => !["constructor", "networkLayers"].includes(name)).sort();
}

/** Typed arrays in what a member gave, however deep. */
function arraysIn(value: unknown): (Float32Array | Float64Array | Uint32Array)[] {
  if (ArrayBuffer.isView(value)) return [value as Float32Array];
  if (typeof value !== "object" || value === null) return [];
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? Object.values(value).flatMap(arraysIn) : [];
}

describe("an array that a member gives, of", () => {
  test.each(subjects)(
    "%s, lies in a buffer of its own, which outlives the growth of the memory",
    async (_name, make, members, arrays) => {
      const all = await started();
      const subject = make(all);
      expect(Object.keys(members).sort()).toEqual(namesOf(subject));
      const call = async (): Promise<(Float32Array | Float64Array | Uint32Array)[]> => {
        const given = [];
        for (const member of Object.values(members)) given.push(...arraysIn(await member(subject)));
        return given;
      };

      const given = await call();
      expect(given).toHaveLength(arrays);
      const contents = given.map((array) => Array.from(array));
      for (const array of given) {
        expect(array.buffer === all.memory.buffer).toBe(false);
        expect(array.buffer.byteLength).toBe(array.byteLength);
      }

      const before = all.memory.buffer;
      all.memory.grow(1);
      expect(before.byteLength).toBe(0);
      expect(given.map((array) => Array.from(array))).toEqual(contents);
      for (const array of await call()) expect(array.buffer === all.memory.buffer).toBe(false);
    },
  );
});
