/** A table's life: construction, reading, rows written and reset, clones. */
import { describe, expect, test } from "vitest";
import type { TableOptions } from "../../index.js";
import { at } from "../oracle/at.js";
import { EmbeddingTable } from "./subject.js";
import { everyId, gradientsFor, skewedBatch } from "./support/batches.js";
import { Random, seed } from "./support/random.js";

const rows = 30;
const dim = 5;

function trained(more: Partial<TableOptions> = {}): EmbeddingTable {
  const table = new EmbeddingTable({ rows, dim, ...more });
  const { ids, gradients } = skewedBatch(new Random(seed), rows, dim, 100);
  table.update(ids, gradients);
  return table;
}

describe("a new table", () => {
  test("has the rows and dim it was asked for, step 0 and no tallies", () => {
    const table = new EmbeddingTable({ rows, dim });
    expect([table.rows, table.dim, table.step]).toEqual([rows, dim, 0]);
    expect(table.tallies()).toEqual(new Float64Array(rows));
  });

  test("says what runs it", () => {
    const { backend } = new EmbeddingTable({ rows, dim });
    const sets = { native: ["avx2", "neon", "none"], wasm: ["simd128"] };
    expect(sets[backend.kind]).toContain(backend.simd);
    expect(Number.isInteger(backend.threads) && backend.threads >= 1).toBe(true);
    expect(backend.reason).toMatch(/\w/);
    expect(new EmbeddingTable({ rows, dim, backend: "auto" }).backend).toEqual(backend);
    const asked = new EmbeddingTable({ rows, dim, backend: backend.kind }).backend;
    expect(asked).toEqual({ ...backend, reason: `option backend is "${backend.kind}"` });
  });

  test("does not let its size be written", () => {
    const table = new EmbeddingTable({ rows, dim });
    for (const name of ["rows", "dim", "step", "backend", "memory"]) {
      expect(() => Object.assign(table, { [name]: 1 })).toThrow(TypeError);
    }
    expect([table.rows, table.dim, table.step]).toEqual([rows, dim, 0]);
  });

  test("does not keep the options object: later changes have no effect", () => {
    const optimizer = { type: "sgd" as const, lr: 1 };
    const options = { rows, dim, optimizer, init: { type: "zeros" as const } };
    const table = new EmbeddingTable(options);
    optimizer.lr = 100;
    options.rows = 1;
    table.update([rows - 1], new Float32Array(dim).fill(1));
    expect(table.lookup([rows - 1])).toEqual(new Float32Array(dim).fill(-1));
  });
});

describe("step", () => {
  test("counts updates, empty ones too, and nothing else", () => {
    const table = new EmbeddingTable({ rows, dim });
    table.update([1, 1], new Float32Array(2 * dim));
    table.update([], new Float32Array());
    table.update(new Uint32Array(), new Float32Array());
    expect(table.step).toBe(3);
    table.lookup([1]);
    table.setRows([1], new Float32Array(dim));
    table.resetRows([1]);
    table.rates([1]);
    table.tallies();
    expect(table.step).toBe(3);
    expect(() => table.update([rows], new Float32Array(dim))).toThrow();
    expect(table.step).toBe(3);
  });

  test("keeps empty calls empty", () => {
    const table = trained();
    expect(table.lookup([])).toEqual(new Float32Array());
    expect(table.rates([])).toEqual(new Float32Array());
    expect(table.tallies([])).toEqual(new Float64Array());
    expect(table.update([], new Float32Array())).toBe(0);
    const before = table.fingerprint();
    table.setRows([], new Float32Array());
    table.resetRows([]);
    expect(table.fingerprint()).toBe(before);
  });
});

describe("lookup", () => {
  test("gives the rows in the order asked for, as often as asked for, and writes nothing", () => {
    const init = gradientsFor(new Random(seed), rows, dim);
    const table = new EmbeddingTable({ rows, dim, init });
    const before = table.fingerprint();
    const asked = [3, 29, 3, 0];
    const expected = asked.flatMap((id) => [...init.subarray(id * dim, (id + 1) * dim)]);
    expect([...table.lookup(asked)]).toEqual(expected);
    expect(table.fingerprint()).toBe(before);
  });

  test("gives an array of its own each time", () => {
    const table = trained();
    const first = table.lookup([1]);
    const kept = first.slice();
    table.update([1], new Float32Array(dim).fill(1));
    expect(first).toEqual(kept);
    first.fill(9);
    expect(table.lookup([1])).not.toEqual(first);
  });

  test("of many rows equals lookup of each", () => {
    const table = new EmbeddingTable({ rows: 3000, dim: 64, threads: 4 });
    const ids = Uint32Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 3000);
    const vectors = table.lookup(ids);
    for (const position of [0, 1, 9_999, 19_999]) {
      expect(vectors.slice(position * 64, (position + 1) * 64)).toEqual(table.lookup([at(ids, position)]));
    }
  });
});

describe("tallies", () => {
  test("count occurrences, for ids or for all rows", () => {
    const table = new EmbeddingTable({ rows: 4, dim: 1 });
    table.update([1, 3, 1, 1], new Float32Array(4));
    table.update([3], new Float32Array(1));
    expect(table.tallies()).toEqual(Float64Array.of(0, 3, 0, 2));
    expect(table.tallies([3, 3, 0])).toEqual(Float64Array.of(2, 2, 0));
    expect(table.tally(1)).toBe(3);
    const out = new Float64Array(5).fill(-1);
    expect(table.tallies(undefined, out)).toBe(out);
    expect(out).toEqual(Float64Array.of(0, 3, 0, 2, -1));
  });

  test("count batches with unit batch", () => {
    const table = new EmbeddingTable({ rows: 4, dim: 1, optimizer: { type: "sgd", lr: 1 }, tally: { unit: "batch" } });
    table.update([1, 3, 1, 1], new Float32Array(4));
    expect(table.tallies()).toEqual(Float64Array.of(0, 1, 0, 1));
  });
});

describe("rates", () => {
  test("write nothing, and foresee what a zero gradient's step would use", () => {
    const table = trained({ optimizer: { type: "cf-sgd", lr: 0.3 } });
    const before = table.fingerprint();
    const [rate] = table.rates([2]);
    expect(table.fingerprint()).toBe(before);
    expect(rate).toBe(Math.fround(0.3 / Math.sqrt(table.tally(2) + 1)));
  });

  test("follow lr", () => {
    const table = trained({ optimizer: { type: "sgd", lr: 0.3 } });
    table.lr = 0.125;
    expect([...table.rates([0, 1])]).toEqual([0.125, 0.125]);
    table.lr = 0;
    expect([...table.rates([0, 1])]).toEqual([0, 0]);
  });
});

describe("setRows", () => {
  test("writes the rows it names and no others; the last one wins where an id repeats", () => {
    const table = trained({ init: { type: "zeros" } });
    const others = everyId(rows).filter((id) => id !== 3 && id !== 8);
    const before = table.lookup(others);
    const values = Float32Array.from({ length: 3 * dim }, (_, i) => i);
    table.setRows([8, 3, 8], values);
    expect(table.lookup([3, 8])).toEqual(values.slice(dim));
    expect(table.lookup(others)).toEqual(before);
  });

  test("leaves tallies, state and step: written back, the table is the same", () => {
    for (const type of ["adam", "adagrad", "rowwise-adagrad", "tallygrad"] as const) {
      const table = trained({ optimizer: { type } });
      const before = table.fingerprint();
      const weights = table.lookup(everyId(rows));
      table.setRows(everyId(rows), new Float32Array(rows * dim));
      expect(table.fingerprint()).not.toBe(before);
      table.setRows(everyId(rows), weights);
      expect(table.fingerprint()).toBe(before);
    }
  });

  test("takes the largest and smallest floats as they are", () => {
    const table = new EmbeddingTable({ rows: 1, dim: 4 });
    const values = Float32Array.of(3.4028234663852886e38, 1e-45, -0, -3.4028234663852886e38);
    table.setRows([0], values);
    expect(table.lookup([0])).toEqual(values);
  });
});

describe("resetRows", () => {
  test("restores first weights, state and tally, as if the rows had never occurred", () => {
    for (const type of ["adam", "adagrad", "rowwise-adagrad"] as const) {
      const table = trained({ optimizer: { type }, init: { type: "uniform" }, tally: { halfLife: 3 } });
      const fresh = new EmbeddingTable({
        rows,
        dim,
        optimizer: { type },
        init: { type: "uniform" },
        tally: { halfLife: 3 },
      });
      fresh.update([], new Float32Array());
      table.resetRows(everyId(rows));
      expect(table.fingerprint()).toBe(fresh.fingerprint());
    }
  });

  test("makes zeros of rows whose first weights came from an array", () => {
    const table = new EmbeddingTable({ rows, dim, init: new Float32Array(rows * dim).fill(3) });
    table.resetRows([4]);
    expect(table.lookup([4, 5])).toEqual(Float32Array.of(0, 0, 0, 0, 0, 3, 3, 3, 3, 3));
  });

  test("leaves other rows alone", () => {
    const table = trained();
    const others = everyId(rows).filter((id) => id !== 1);
    const [weights, tallies] = [table.lookup(others), table.tallies(others)];
    table.resetRows([1, 1]);
    expect(table.lookup(others)).toEqual(weights);
    expect(table.tallies(others)).toEqual(tallies);
    expect(table.tally(1)).toBe(0);
  });
});

describe("clone", () => {
  test("is the same table and an independent one", () => {
    const table = trained({ optimizer: { type: "adam" }, tally: { halfLife: 9 }, nonFinite: "skip", paddingId: 2 });
    table.lr = 0.5;
    const copy = table.clone();
    expect(copy).toBeInstanceOf(EmbeddingTable);
    expect([copy.rows, copy.dim, copy.step, copy.lr]).toEqual([rows, dim, 1, 0.5]);
    expect(copy.backend).toEqual(table.backend);
    const before = table.fingerprint();
    expect(copy.fingerprint()).toBe(before);

    const goOn = (one: EmbeddingTable): number => {
      one.lr = 0.25;
      one.update([1], new Float32Array(dim).fill(1));
      return one.update([1, 2], new Float32Array(2 * dim).fill(Number.NaN));
    };
    expect(goOn(copy)).toBe(1);
    expect(table.fingerprint()).toBe(before);
    expect(table.lr).toBe(0.5);
    expect(goOn(table)).toBe(1);
    expect(table.fingerprint()).toBe(copy.fingerprint());
  });

  test("outlives the table it was taken from", () => {
    const table = trained();
    const before = table.fingerprint();
    const copy = table.clone();
    table.dispose();
    expect(copy.fingerprint()).toBe(before);
    copy.update([1], new Float32Array(dim));
    expect(copy.step).toBe(2);
  });
});
