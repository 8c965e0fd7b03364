/**
 * Vocabularies beside a JavaScript `Map`: memory and rate for ten million strings of 12 bytes on average, each in a process of its own, and what
 * admission and eviction cost beside a step. `npm run bench:vocabulary`; `--keys 1000000` for less.
 */

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { EmbeddingTable, type Key, Vocabulary, type VocabularyOptions } from "tallygrad";

const BATCH = 65_536;
const { values } = parseArgs({
  options: {
    keys: { type: "string", default: "10000000" },
    rounds: { type: "string", default: "3" },
    only: { type: "string" },
  },
});
const count = Number(values.keys);

/** Distinct texts of 8 to 16 characters. */
function keysFrom(first: number, length: number): string[] {
  return Array.from({ length }, (_, i) => {
    const mixed = Math.imul(first + i, 0x9e3779b1) >>> 0;
    return `${"abcdefgh".slice(mixed % 9)}${(first + i).toString(36).padStart(8, "-")}`;
  });
}

interface Result {
  bytes: number;
  characters: number;
  insert: number;
  find: number;
}

/** Puts all keys in, and looks them up in another order; batches are made outside of the time that counts. */
function measure(rowsOf: (keys: string[]) => Uint32Array): Result {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  const before = process.memoryUsage.rss();
  let [insert, find, characters] = [0, 0, 0];
  for (let first = 0; first < count; first += BATCH) {
    const keys = keysFrom(first, Math.min(BATCH, count - first));
    characters += keys.reduce((sum, key) => sum + key.length, 0);
    const start = performance.now();
    const rows = rowsOf(keys);
    insert += performance.now() - start;
    if (rows[0] !== first + 1 || rows.at(-1) !== first + keys.length) throw new Error("rows are not in order");
  }
  gc?.();
  const bytes = process.memoryUsage.rss() - before;
  for (let first = 0; first < count; first += BATCH) {
    // Keys from all over, made anew, so that nobody knows their hashes.
    const keys = Array.from({ length: BATCH }, (_, i) => (i * 7919 + first) % count).flatMap((key) => keysFrom(key, 1));
    const start = performance.now();
    const rows = rowsOf(keys);
    find += performance.now() - start;
    if (rows[1] !== ((7919 + first) % count) + 1) throw new Error("a row is not its key's");
  }
  const batches = Math.ceil(count / BATCH);
  return { bytes, characters, insert: count / insert, find: (batches * BATCH) / find };
}

function mapRows(): (keys: string[]) => Uint32Array {
  const map = new Map<string, number>();
  return (keys) => {
    const rows = new Uint32Array(keys.length);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string;
      let row = map.get(key);
      if (row === undefined) {
        row = map.size + 1;
        map.set(key, row);
      }
      rows[i] = row;
    }
    return rows;
  };
}

const vocabularyRows = (backend: "native" | "wasm") => {
  const vocabulary = new Vocabulary({ capacity: count + 1, backend });
  return (keys: Key[]): Uint32Array => vocabulary.rows(keys);
};

const subjects = {
  Map: mapRows,
  native: () => vocabularyRows("native"),
  wasm: () => vocabularyRows("wasm"),
};
type Subject = keyof typeof subjects;

const median = (numbers: number[]): number => numbers.sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

function compare(): void {
  const results: Record<Subject, Result[]> = { Map: [], native: [], wasm: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const subject of Object.keys(subjects) as Subject[]) {
      const given = ["--expose-gc", "--import", "tsx", fileURLToPath(import.meta.url)];
      const printed = execFileSync(process.execPath, [...given, "--only", subject, "--keys", `${count}`], {
        encoding: "utf8",
      });
      results[subject].push(JSON.parse(printed));
    }
  }
  const of = (subject: Subject, what: keyof Result): number => median(results[subject].map((result) => result[what]));
  process.stdout.write(
    `${count} keys of ${(of("Map", "characters") / count).toFixed(1)} characters, batches of ${BATCH}\n`,
  );
  for (const subject of Object.keys(subjects) as Subject[]) {
    const figures = (["bytes", "insert", "find"] as const).map((what) => {
      const [own, map] = [of(subject, what), of("Map", what)];
      const shown = what === "bytes" ? `${(own / 2 ** 20).toFixed(0)} MB` : `${what} ${(own / 1000).toFixed(2)} M/s`;
      return `${shown} (${(own / map).toFixed(2)})`;
    });
    process.stdout.write(`${subject.padEnd(6)} ${figures.join(", ")}\n`);
  }
}

/** What a batch of W1's keys costs in a vocabulary that has rows for half of them, beside one that has rows for all, and beside a step. */
function besideStep(): void {
  const [rows, dim] = [2 ** 20, 64];
  const table = new EmbeddingTable({ rows, dim, threads: 1 });
  const batches = zipfBatches(160, rows, 1.05);
  const gradients = new Float32Array(BATCH * dim).fill(1e-3);
  const cases: Record<string, Omit<VocabularyOptions, "capacity">> = {
    plain: {},
    "count, least-frequent": { admission: { type: "count", least: 2 }, eviction: { type: "least-frequent" } },
    "bloom, least-recent": { admission: { type: "bloom", least: 2 }, eviction: { type: "least-recent" } },
    "bloom, score": { admission: { type: "bloom", least: 2 }, eviction: { type: "score" } },
    "count, time-to-live": { admission: { type: "count", least: 2 }, eviction: { type: "time-to-live", steps: 50 } },
  };
  const all = Object.entries(cases).map(([name, options]) => ({
    name,
    vocabulary: new Vocabulary({ capacity: name === "plain" ? rows + 1 : rows / 2, ...options }),
    times: [] as number[],
  }));
  const steps: number[] = [];
  for (let batch = 0; batch < 160; batch++) {
    const keys = Array.from(batches.next().value as Uint32Array, (id) => `item ${id}`);
    let ids = new Uint32Array();
    for (const { vocabulary, times } of all) {
      const start = performance.now();
      ids = vocabulary.rows(keys) as Uint32Array<ArrayBuffer>;
      if (batch >= 60) times.push(performance.now() - start);
    }
    const start = performance.now();
    table.update(ids, gradients);
    if (batch >= 60) steps.push(performance.now() - start);
  }
  const mean = (numbers: number[]): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  const [plain] = all;
  if (plain === undefined) throw new Error("there is nothing to compare with");
  const [step, keys] = [median(steps), median([...plain.times])];
  process.stdout.write(
    `\na step of ${BATCH} occurrences takes ${step.toFixed(2)} ms, rows for its keys ${keys.toFixed(2)} ms more\n`,
  );
  for (const { name, times } of all.slice(1)) {
    const share = (more: number): string => `${more.toFixed(2)} ms (${((100 * more) / (step + keys)).toFixed(0)} %)`;
    const [usual, average] = [median([...times]) - keys, mean(times) - mean(plain.times)];
    process.stdout.write(
      `${name}: ${share(usual)} more, ${share(average)} on average; at most ${Math.max(...times).toFixed(1)} ms\n`,
    );
  }
}

/** Batches by Zipf's law that never repeat. */
function* zipfBatches(count: number, rows: number, exponent: number): Generator<Uint32Array> {
  const cumulative = new Float64Array(rows);
  let sum = 0;
  for (let rank = 0; rank < rows; rank++) {
    sum += (rank + 1) ** -exponent;
    cumulative[rank] = sum;
  }
  const rankOf = (share: number): number => {
    let [low, high] = [0, rows - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] ?? 0) < share) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  for (let batch = 0; batch < count; batch++)
    yield Uint32Array.from({ length: BATCH }, () => rankOf(Math.random() * sum));
}

if (values.only === undefined) {
  compare();
  besideStep();
} else {
  const rowsOf = subjects[values.only as Subject]();
  process.stdout.write(JSON.stringify(measure(rowsOf)));
}
