/** Vocabularies: rows for keys, like the plain loops of the oracle; evicted keys; tables that go along; checkpoints. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Admission, Eviction, Key, VocabularyOptions } from "../../index.js";
import { OracleVocabulary } from "../oracle/vocabulary.js";
import { EmbeddingTable, EmbeddingTables, loadAll, saveAll, Vocabulary } from "./subject.js";
import { places } from "./support/places.js";
import { Random, seed } from "./support/random.js";

const admissions: readonly (Admission | undefined)[] = [
  undefined,
  { type: "count", least: 1 },
  { type: "count", least: 3 },
  { type: "count", least: 4, candidates: 5 },
  { type: "bloom", least: 2 },
  { type: "bloom", least: 3, counters: 7 },
  { type: "probability", probability: 0.4 },
  { type: "probability", probability: 1 },
];
const evictions: readonly (Eviction | undefined)[] = [
  undefined,
  { type: "least-frequent" },
  { type: "least-recent" },
  { type: "score" },
  { type: "score", exponent: 2 },
  { type: "time-to-live", steps: 1 },
  { type: "time-to-live", steps: 6 },
];

/** Keys of all kinds, low numbers more often than high ones. */
function keyOf(number: number): Key {
  if (number % 5 === 1) return number;
  if (number % 5 === 2) return BigInt(number);
  return number % 5 === 3 ? `ключ ${number} 🗝` : `key ${number}`;
}

function skewedKeys(random: Random, count: number, of: number): Key[] {
  return Array.from({ length: count }, () => keyOf(Math.floor(of * random.uniform() ** 2)));
}

function expectSame(vocabulary: Vocabulary, oracle: OracleVocabulary): void {
  expect([vocabulary.size, vocabulary.step, vocabulary.capacity]).toEqual([oracle.size, oracle.step, oracle.capacity]);
  const rows = Array.from({ length: oracle.capacity }, (_, row) => row);
  expect(rows.map((row) => vocabulary.key(row))).toEqual(rows.map((row) => oracle.key(row)));
}

describe.each(admissions)("admission %j", (admission) => {
  describe.each(evictions)("eviction %j", (eviction) => {
    const options = (capacity: number): VocabularyOptions => ({
      capacity,
      seed: 9,
      ...(admission && { admission }),
      ...(eviction && { eviction }),
    });

    test.each([2, 20, 70])(`with %s rows, and more after a while (seed ${seed})`, (capacity) => {
      const [vocabulary, oracle, random] = [
        new Vocabulary(options(capacity)),
        new OracleVocabulary(options(capacity)),
        new Random(seed),
      ];
      for (let step = 0; step < 40; step += 1) {
        const keys = skewedKeys(random, random.below(30), 120);
        expect(Array.from(vocabulary.rows(keys))).toEqual(oracle.rows(keys));
        const asked = skewedKeys(random, 10, 200);
        expect(Array.from(vocabulary.lookup(asked))).toEqual(oracle.lookup(asked));
        if (step % 10 === 9) expectSame(vocabulary, oracle);
        if (step === 25) {
          vocabulary.grow(capacity + 7);
          oracle.capacity += 7;
        }
      }
    });

    test("saved and loaded anywhere, it goes on as it would have", async () => {
      const [vocabulary, random] = [new Vocabulary(options(20)), new Random(seed)];
      for (let step = 0; step < 15; step += 1) vocabulary.rows(skewedKeys(random, 20, 120));
      const file = await saveAll({ vocabulary });
      const copies = await Promise.all(
        places.map(async (place) => (await loadAll<{ vocabulary: Vocabulary }>(file, place)).vocabulary),
      );
      for (const copy of copies) expect(copy.fingerprint()).toBe(vocabulary.fingerprint());
      for (let step = 0; step < 15; step += 1) {
        const keys = skewedKeys(random, 20, 120);
        const rows = vocabulary.rows(keys);
        for (const copy of copies) expect(copy.rows(keys)).toEqual(rows);
      }
      for (const copy of copies) expect(copy.fingerprint()).toBe(vocabulary.fingerprint());
    });
  });
});

test.each(evictions.slice(1))(
  "with thousands of rows, eviction %j takes the same as a sort of all keys would",
  (eviction) => {
    const options = { capacity: 5000, ...(eviction && { eviction }), admission: { type: "count", least: 2 } } as const;
    const [vocabulary, oracle, random] = [new Vocabulary(options), new OracleVocabulary(options), new Random(seed)];
    for (let step = 0; step < 30; step += 1) {
      const keys = skewedKeys(random, 3000, 40_000);
      expect(Array.from(vocabulary.rows(keys))).toEqual(oracle.rows(keys));
    }
    expectSame(vocabulary, oracle);
  },
);

test("any keys in any order are those of the oracle", () => {
  const key = fc.oneof(
    fc.string({ maxLength: 20, unit: "grapheme" }),
    fc.integer({ min: -3, max: 3 }),
    fc.double({ noNaN: true }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.constantFrom("", "s", "1", 1, 1n, 0, -0, 0n, -1n, 2n ** 64n - 1n, 2n ** 63n, "a".repeat(65_534)),
  );
  const batches = fc.array(fc.array(key, { maxLength: 30 }), { maxLength: 8 });
  fc.assert(
    fc.property(batches, fc.integer({ min: 2, max: 40 }), (batches, capacity) => {
      const options = { capacity, eviction: { type: "least-recent" } } as const;
      const [vocabulary, oracle] = [new Vocabulary(options), new OracleVocabulary(options)];
      for (const keys of batches) expect(Array.from(vocabulary.rows(keys))).toEqual(oracle.rows(keys));
      expectSame(vocabulary, oracle);
    }),
    { seed, numRuns: 60 },
  );
});

test("tens of thousands of keys keep their rows, and come back as they were", () => {
  const vocabulary = new Vocabulary({ capacity: 60_001 });
  const keys = Array.from({ length: 60_000 }, (_, i) => `a key of its own, number ${i}`);
  const rows = vocabulary.rows(keys);
  expect(rows).toEqual(Uint32Array.from(keys, (_, i) => i + 1));
  expect(vocabulary.lookup([...keys].reverse())).toEqual(rows.slice().reverse());
  expect(vocabulary.key(40_000)).toBe(keys[39_999]);
  expect(Array.from(vocabulary.rows(["new", "again", "new"]))).toEqual([0, 0, 0]);
});

test("keys that come and go do not take ever more memory", () => {
  const vocabulary = new Vocabulary({
    capacity: 1000,
    admission: { type: "count", least: 2, candidates: 500 },
    eviction: { type: "least-recent" },
  });
  let settled = 0;
  for (let step = 0; step < 3000; step += 1) {
    const keys = Array.from({ length: 100 }, (_, i) => `the key of step ${step}, number ${i >> 1}`);
    vocabulary.rows(keys);
    if (step === 300) settled = vocabulary.memory;
  }
  expect(vocabulary.memory).toBeLessThan(2 * settled);
});

describe("a key that is evicted between look-up and update", () => {
  const dim = 3;
  const setUp = (): { table: EmbeddingTable; vocabulary: Vocabulary } => {
    const table = new EmbeddingTable({ rows: 3, dim, optimizer: { type: "sgd", lr: 1 } });
    const vocabulary = new Vocabulary({ capacity: 3, eviction: { type: "least-recent" }, tables: [table] });
    return { table, vocabulary };
  };

  test("has its gradient in the shared row, and its neighbour's is as if it had never been", () => {
    const { table, vocabulary } = setUp();
    const first = table.lookup([1]);
    const keys = ["old", "other"];
    expect(Array.from(vocabulary.rows(keys))).toEqual([1, 2]);
    table.update([1, 2], new Float32Array(2 * dim).fill(0.25));
    const gradients = new Float32Array(2 * dim).fill(1);
    // Meanwhile:
    vocabulary.rows(["other"]);
    expect(Array.from(vocabulary.rows(["new"]))).toEqual([1]);
    expect([table.lookup([1]), table.tally(1)]).toEqual([first, 0]);
    const [shared, neighbour, other] = [table.lookup([0]), table.lookup([1]), table.lookup([2])];
    const rows = vocabulary.lookup(keys);
    expect(Array.from(rows)).toEqual([0, 2]);
    table.update(rows, gradients);
    expect(table.lookup([0])).toEqual(shared.map((weight) => Math.fround(weight - 1)));
    expect(table.lookup([1])).toEqual(neighbour);
    expect(table.lookup([2])).toEqual(other.map((weight) => Math.fround(weight - 1)));
  });

  test("cannot lose its row while one of its tables cannot be changed", async () => {
    const { table, vocabulary } = setUp();
    vocabulary.rows(["a", "b"]);
    const before = vocabulary.fingerprint();
    const saving = table.save();
    expect(() => vocabulary.rows(["c"])).toThrow(expect.objectContaining({ code: "ERR_SAVING" }));
    await saving;
    expect(vocabulary.fingerprint()).toBe(before);
    table.dispose();
    expect(() => vocabulary.rows(["c"])).toThrow(expect.objectContaining({ code: "ERR_DISPOSED" }));
    expect(vocabulary.fingerprint()).toBe(before);
  });
});

describe("with its tables", () => {
  test("it grows, and is saved and loaded", async () => {
    const features = new EmbeddingTables({ word: { rows: 4, dim: 2 }, context: { rows: 4, dim: 3 } });
    const tables = [features.table("word"), features.table("context")];
    const words = new Vocabulary({ capacity: 4, eviction: { type: "least-frequent" }, tables });
    words.rows(["a", "b", "c"]);
    words.grow(6);
    expect(tables.map(({ rows }) => rows)).toEqual([6, 6]);
    const file = await saveAll({ features, words });
    const loaded = await loadAll<{ features: EmbeddingTables; words: Vocabulary }>(file);
    const table = loaded.features.table("word");
    table.update([1, 2, 3, 4, 5], new Float32Array(10).fill(1));
    loaded.words.rows(["a", "a", "b", "c", "d", "e"]);
    loaded.words.rows(["f"]);
    // b is the first of those that occurred least.
    expect(loaded.words.lookup(["f", "d"])).toEqual(Uint32Array.of(4, 0));
    expect(table.tallies()).toEqual(Float64Array.of(0, 1, 1, 1, 0, 1));
    loaded.words.grow(9);
    expect(table.rows).toBe(9);
  });

  test("it is not saved without them", async () => {
    const table = new EmbeddingTable({ rows: 4, dim: 2 });
    const words = new Vocabulary({ capacity: 4, tables: [table] });
    await expect(saveAll({ words })).rejects.toMatchObject({ code: "ERR_OPTION_CONFLICT" });
    await saveAll({ words, table });
  });
});

test("while it is saved it answers, and does not change", async () => {
  const vocabulary = new Vocabulary({ capacity: 10 });
  vocabulary.rows(["a"]);
  const saving = saveAll({ vocabulary });
  expect(() => vocabulary.rows(["b"])).toThrow(expect.objectContaining({ code: "ERR_SAVING" }));
  expect(Array.from(vocabulary.lookup(["a"]))).toEqual([1]);
  await saving;
  vocabulary.rows(["b"]);
});

test("a copy goes its own way", () => {
  const vocabulary = new Vocabulary({ capacity: 10 });
  vocabulary.rows(["a"]);
  const copy = vocabulary.clone();
  copy.rows(["b"]);
  expect([vocabulary.size, copy.size, copy.key(2)]).toEqual([1, 2, "b"]);
});
