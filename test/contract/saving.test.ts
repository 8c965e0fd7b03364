/** Saving as a call that takes its time: sources and targets, what else the table does meanwhile, several members in one file. */
import { describe, expect, test } from "vitest";
import type { Progress } from "../../index.js";
import { EmbeddingTable, EmbeddingTables, loadAll, saveAll } from "./subject.js";
import { gradientsFor } from "./support/batches.js";
import { Random, seed } from "./support/random.js";
import { expectRefusedUnchanged } from "./support/refusals.js";

const options = { rows: 300_000, dim: 8, threads: 1 };

function trained(more: object = {}): EmbeddingTable {
  const table = new EmbeddingTable({ ...options, ...more });
  table.update([1, 2, 3], gradientsFor(new Random(seed), 3, options.dim));
  return table;
}

const refusal = { code: "ERR_SAVING", mentions: ["save"] } as const;

test("while a table is saved look-ups work, and nothing changes it", async () => {
  const table = trained();
  const before = table.fingerprint();
  const saving = table.save();
  const changes: readonly (() => unknown)[] = [
    () => table.update([1], new Float32Array(options.dim)),
    () => table.updatePool([1], [0, 1], new Float32Array(options.dim)),
    () => table.setRows([1], new Float32Array(options.dim)),
    () => table.resetRows([1]),
    () => table.grow(400_000),
    () => table.flush(),
    () => {
      table.lr = 3;
    },
  ];
  for (const change of changes) expectRefusedUnchanged(table, change, refusal);
  expect(table.clone().fingerprint()).toBe(before);
  const loaded = await EmbeddingTable.load(await saving);
  expect(loaded.fingerprint()).toBe(before);
  table.update([1], new Float32Array(options.dim));
  expect(table.step).toBe(2);
});

test("two files at once hold the table until both are written", async () => {
  const table = trained();
  const [first, second] = [table.save(), table.save()];
  await first;
  await second;
  table.resetRows([1]);
});

test("tables of features cannot step either", async () => {
  const tables = new EmbeddingTables({ user: options, item: { rows: 10, dim: 2 } });
  const saving = saveAll({ tables });
  const batch = { item: { ids: [1], gradients: new Float32Array(2) } };
  expect(() => tables.update(batch)).toThrow(expect.objectContaining({ code: "ERR_SAVING" }));
  await saving;
  tables.update(batch);
});

test("progress rises to the whole file", async () => {
  const seen: Progress[] = [];
  const file = await trained().save(undefined, { onProgress: (progress) => seen.push(progress) });
  expect(seen.at(-1)).toEqual({ done: file.size, total: file.size });
  expect(seen.length).toBeGreaterThan(2);
  expect(seen.map(({ done }) => done)).toEqual(seen.map(({ done }) => done).sort((a, b) => a - b));
  const loaded: Progress[] = [];
  await EmbeddingTable.load(file, { onProgress: (progress) => loaded.push(progress) });
  expect(loaded.at(-1)).toEqual({ done: file.size, total: file.size });
});

describe("a signal", () => {
  test("that is aborted before, or on the way, stops either call with its reason and lets the table go", async () => {
    const table = trained();
    const file = await table.save();
    const reason = new Error("enough");
    const midway = (): [AbortSignal, () => void] => {
      const controller = new AbortController();
      return [controller.signal, () => controller.abort(reason)];
    };
    const aborted = AbortSignal.abort(reason);
    await expect(table.save(undefined, { signal: aborted })).rejects.toBe(reason);
    await expect(EmbeddingTable.load(file, { signal: aborted })).rejects.toBe(reason);
    const [saving, stopSaving] = midway();
    await expect(table.save(undefined, { signal: saving, onProgress: stopSaving })).rejects.toBe(reason);
    const [loading, stopLoading] = midway();
    await expect(EmbeddingTable.load(file, { signal: loading, onProgress: stopLoading })).rejects.toBe(reason);
    table.update([1], new Float32Array(options.dim));
  });
});

describe("sources and targets", () => {
  test("a file is the same bytes as a Blob, an ArrayBuffer, a Uint8Array and a stream", async () => {
    const table = trained();
    const blob = await table.save();
    const buffer = await blob.arrayBuffer();
    const padded = new Uint8Array(buffer.byteLength + 3);
    padded.set(new Uint8Array(buffer), 3);
    for (const source of [blob, buffer, padded.subarray(3), blob.stream(), new Blob([buffer]).stream()]) {
      const loaded = await EmbeddingTable.load(source);
      expect(loaded.fingerprint()).toBe(table.fingerprint());
    }
  });

  test("a stream that cuts its bytes anywhere", async () => {
    const table = new EmbeddingTable({ rows: 50, dim: 3 });
    const bytes = new Uint8Array(await (await table.save()).arrayBuffer());
    for (const size of [1, 7, 64, 1000]) {
      let position = 0;
      const stream = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (position >= bytes.length) return controller.close();
          controller.enqueue(bytes.slice(position, position + size));
          position += size;
        },
      });
      expect((await EmbeddingTable.load(stream)).fingerprint()).toBe(table.fingerprint());
    }
  });

  test("a stream takes the bytes, is closed at the end, and aborted where that is not reached", async () => {
    const table = trained();
    const pieces: Uint8Array[] = [];
    const ends: unknown[] = [];
    const stream = (): WritableStream<Uint8Array> =>
      new WritableStream({
        write: (piece) => {
          pieces.push(piece);
        },
        close: () => {
          ends.push("closed");
        },
        abort: (reason) => {
          ends.push(reason);
        },
      });
    await table.save(stream());
    const loaded = await EmbeddingTable.load(new Blob(pieces as Uint8Array<ArrayBuffer>[]));
    expect(loaded.fingerprint()).toBe(table.fingerprint());
    const reason = new Error("enough");
    const controller = new AbortController();
    const onProgress = (): void => controller.abort(reason);
    await expect(table.save(stream(), { signal: controller.signal, onProgress })).rejects.toBe(reason);
    expect(ends).toEqual(["closed", reason]);
  });

  test("a stream that fails: its error, and the table is free again", async () => {
    const table = trained();
    const failure = new Error("full");
    const full = new WritableStream({
      write() {
        throw failure;
      },
    });
    await expect(table.save(full)).rejects.toBe(failure);
    table.resetRows([1]);
  });

  test("a file handle, as browsers have them", async () => {
    const table = trained();
    const pieces: Uint8Array[] = [];
    const createWritable = async (): Promise<WritableStream> =>
      new WritableStream({
        write: (piece) => {
          pieces.push(piece.slice()); // As a file does.
        },
      });
    await table.save({ createWritable });
    const file = new Blob(pieces as Uint8Array<ArrayBuffer>[]);
    expect((await EmbeddingTable.load(file)).fingerprint()).toBe(table.fingerprint());
  });

  test.each([3, {}, [], null])("%j is no target", async (target) => {
    const table = new EmbeddingTable({ rows: 1, dim: 1 });
    await expect(table.save(target as never)).rejects.toMatchObject({ code: "ERR_WRONG_CLASS" });
    table.resetRows([0]);
  });
});

test("a table that is disposed meanwhile", async () => {
  const table = trained();
  const saving = table.save();
  table.dispose();
  await expect(saving).rejects.toMatchObject({ code: "ERR_DISPOSED" });
  await expect(table.save()).rejects.toMatchObject({ code: "ERR_DISPOSED" });
});

describe("several members in one file", () => {
  test("come back by their names, and features with the tables they share", async () => {
    const tables = new EmbeddingTables({ user: { rows: 20, dim: 2 }, item: { rows: 30, dim: 3 }, last: "item" });
    tables.update({ user: { ids: [3], gradients: Float32Array.of(1, 2) } });
    const words = trained({ rows: 40, schedule: (step: number) => step });
    const file = await saveAll({ tables, words });
    const schedules = { words: (step: number) => step };
    const loaded = await loadAll<{ tables: EmbeddingTables; words: EmbeddingTable }>(file, { schedules });
    expect(Object.keys(loaded).sort()).toEqual(["tables", "words"]);
    expect(loaded.words.fingerprint()).toBe(words.fingerprint());
    expect(loaded.tables.features).toEqual(["user", "item", "last"]);
    expect(loaded.tables.table("last")).toBe(loaded.tables.table("item"));
    for (const feature of ["user", "item"]) {
      expect(loaded.tables.table(feature).fingerprint()).toBe(tables.table(feature as "user").fingerprint());
    }
    const ids = { ids: [1], gradients: Float32Array.of(1, 2, 3) };
    tables.update({ last: ids });
    loaded.tables.update({ last: ids });
    expect(loaded.tables.table("item").fingerprint()).toBe(tables.table("item").fingerprint());
  });

  test("one table alone has no name", async () => {
    const table = new EmbeddingTable({ rows: 5, dim: 2 });
    const members = await loadAll(await table.save());
    expect(Object.keys(members)).toEqual([""]);
  });

  test("names that would clash, and what is no member, are refused", async () => {
    const table = new EmbeddingTable({ rows: 5, dim: 2 });
    const tables = new EmbeddingTables({ b: { rows: 5, dim: 2 } });
    await expect(saveAll({ a: tables, "a.b": table })).rejects.toMatchObject({ code: "ERR_OPTION_VALUE" });
    await expect(saveAll({ a: 3 as never })).rejects.toMatchObject({ code: "ERR_WRONG_CLASS" });
    await expect(saveAll(3 as never)).rejects.toMatchObject({ code: "ERR_OPTION_VALUE" });
  });
});
