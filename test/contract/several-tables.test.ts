/** Tables of several features: one step of all is the steps of each, or nothing at all. */
import { describe, expect, test } from "vitest";
import type { FeatureBatch, TableOptions } from "../../index.js";
import { at } from "../oracle/at.js";
import { OracleTable } from "../oracle/oracle-table.js";
import { EmbeddingTable, EmbeddingTables } from "./subject.js";
import { skewedBatch } from "./support/batches.js";
import { Random, seed } from "./support/random.js";

const features = {
  user: { rows: 50, dim: 4 },
  item: { rows: 80, dim: 7, optimizer: { type: "adam", scope: "all" }, dtype: "bf16", rounding: "stochastic" },
  lastItem: "item",
  shop: {
    rows: 9,
    dim: 16,
    optimizer: { type: "sgd", lr: 0.1 },
    clip: { type: "global-norm", limit: 1 },
    paddingId: 0,
  },
} as const satisfies Record<string, TableOptions | string>;
type Feature = keyof typeof features;
type Batch = Record<Feature, FeatureBatch>;

/** What one table after the other would be. */
function apart(): Record<"user" | "item" | "shop", EmbeddingTable> {
  const { user, item, shop } = features;
  return { user: new EmbeddingTable(user), item: new EmbeddingTable(item), shop: new EmbeddingTable(shop) };
}

function batchOf(random: Random, tables: EmbeddingTables<Feature>, count: number): Batch {
  const entries = tables.features.map((feature) => {
    const { rows, dim } = tables.table(feature);
    return [feature, skewedBatch(random, rows, dim, count)];
  });
  return Object.fromEntries(entries);
}

function joined(first: FeatureBatch, second: FeatureBatch): { ids: number[]; gradients: Float32Array } {
  const gradients = Float32Array.from([...first.gradients, ...second.gradients]);
  return { ids: [...first.ids, ...second.ids], gradients };
}

function fingerprints(tables: EmbeddingTables<Feature>): string[] {
  return tables.features.map((feature) => tables.table(feature).fingerprint());
}

describe("a step of several tables", () => {
  // The larger ones are shared among threads.
  test.each([0, 1, 30, 3000])(`is the step of each on %i occurrences a feature (seed ${seed})`, (count) => {
    const random = new Random(seed);
    const [together, single] = [new EmbeddingTables(features), apart()];
    for (let step = 0; step < 5; step++) {
      const batch = batchOf(random, together, count);
      expect(together.update(batch, { scale: 2 })).toBe(0);
      const item = joined(batch.item, batch.lastItem);
      single.user.update(batch.user.ids, batch.user.gradients, { scale: 2 });
      single.item.update(item.ids, item.gradients, { scale: 2 });
      single.shop.update(batch.shop.ids, batch.shop.gradients, { scale: 2 });
    }
    expect(fingerprints(together)).toEqual(
      [single.user, single.item, single.item, single.shop].map((table) => table.fingerprint()),
    );
  });

  test(`takes R2 of the house rule over the features of a table, chunks of positions and all (seed ${seed})`, () => {
    const random = new Random(seed);
    const options = { rows: 60, dim: 5 } as const;
    const tables = new EmbeddingTables({ first: options, second: "first" });
    const oracle = new OracleTable(options);
    // The chunks of 1,024 positions that squares are summed in end in the second feature, in the first, and not at all.
    for (const [first, second] of [
      [700, 900],
      [1500, 800],
      [40, 7],
      [0, 1100],
      [1024, 1024],
    ] as const) {
      const batch = {
        first: skewedBatch(random, options.rows, options.dim, first),
        second: skewedBatch(random, options.rows, options.dim, second),
      };
      tables.update(batch);
      const { ids, gradients } = joined(batch.first, batch.second);
      oracle.update(ids, gradients);
      expect(tables.table("second").fingerprint()).toBe(oracle.fingerprint());
    }
  });

  test("makes no arrays for a shared table after its largest batch", () => {
    const tables = new EmbeddingTables(features);
    const random = new Random(seed);
    const [large, small, larger] = [500, 300, 501].map((count) => batchOf(random, tables, count)) as [
      Batch,
      Batch,
      Batch,
    ];
    tables.update(large);
    expect(arraysMade(() => tables.update(large))).toEqual([]);
    expect(arraysMade(() => tables.update(small))).toEqual([]);
    // That they would be seen:
    expect(arraysMade(() => tables.update(larger))).not.toEqual([]);
  });

  test("leaves tables alone of which no feature is in the batch", () => {
    const tables = new EmbeddingTables(features);
    tables.update({ lastItem: { ids: [3], gradients: new Float32Array(7) } });
    expect(tables.features.map((feature) => tables.table(feature).step)).toEqual([0, 1, 1, 0]);
    expect(tables.table("item").tally(3)).toBe(1);
    expect(tables.update({})).toBe(0);
  });

  test("counts the rows that all of them skipped", () => {
    const skipping = { rows: 5, dim: 1, nonFinite: "skip" } as const;
    const tables = new EmbeddingTables({ a: skipping, b: skipping });
    const bad = (ids: number[]) => ({ ids, gradients: new Float32Array(ids.length).fill(Number.NaN) });
    expect(tables.update({ a: bad([1, 2, 1]), b: bad([4]) })).toBe(3);
  });
});

describe("a batch with something wrong in it", () => {
  const wrong: [string, (batch: Batch) => object, string, RegExp][] = [
    [
      "an id",
      (batch) => ({ ...batch, shop: { ids: [1, 9], gradients: new Float32Array(32) } }),
      "ERR_ID_OUT_OF_RANGE",
      /^shop: ids\[1\] is 9/,
    ],
    [
      "an id of int32 in a shared table",
      (batch) => ({ ...batch, lastItem: { ids: Int32Array.of(-3), gradients: new Float32Array(7) } }),
      "ERR_ID_OUT_OF_RANGE",
      /^lastItem: ids\[0\] is -3/,
    ],
    [
      "an id in the second feature of a table",
      (batch) => ({ ...batch, lastItem: { ids: Uint32Array.of(1, 80), gradients: new Float32Array(14) } }),
      "ERR_ID_OUT_OF_RANGE",
      /^lastItem: ids\[1\] is 80/,
    ],
    [
      "a gradient in the last table",
      (batch) => ({ ...batch, shop: { ids: [1, 2], gradients: new Float32Array(32).fill(Number.NaN, 17) } }),
      "ERR_NON_FINITE",
      /^shop: gradients\[17\] is NaN/,
    ],
    [
      "a gradient in the second feature of a table",
      (batch) => ({ ...batch, lastItem: { ids: [1, 2], gradients: new Float32Array(14).fill(Number.NaN, 8) } }),
      "ERR_NON_FINITE",
      /^lastItem: gradients\[8\] is NaN/,
    ],
    [
      "too few gradients",
      (batch) => ({ ...batch, item: { ids: [1, 2], gradients: new Float32Array(13) } }),
      "ERR_WRONG_LENGTH",
      /^item: gradients must have ids.length \* dim = 14 elements, but has 13/,
    ],
    [
      "gradients of another class",
      (batch) => ({ ...batch, item: { ids: [1], gradients: [1, 2] } }),
      "ERR_WRONG_CLASS",
      /^item: gradients/,
    ],
    [
      "a feature that is not there",
      (batch) => ({ ...batch, itm: {} }),
      "ERR_UNKNOWN_FEATURE",
      /"itm"; did you mean item/,
    ],
    [
      "a feature without arrays",
      (batch) => ({ ...batch, item: 3 }),
      "ERR_WRONG_CLASS",
      /item must be an object .*is 3/,
    ],
  ];

  test.each(wrong)("%s: no table changes, and the message names the feature", (_, spoil, code, message) => {
    const tables = new EmbeddingTables(features);
    const random = new Random(seed);
    tables.update(batchOf(random, tables, 20));
    const before = fingerprints(tables);
    const batch = spoil(batchOf(random, tables, 20)) as Batch;
    expect(() => tables.update(batch)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
    expect(fingerprints(tables)).toEqual(before);
    tables.update(batchOf(random, tables, 20));
    expect(tables.features.map((feature) => tables.table(feature).step)).toEqual([2, 2, 2, 2]);
  });

  test("a scale is refused as by update", () => {
    const tables = new EmbeddingTables(features);
    const batch = batchOf(new Random(seed), tables, 2);
    for (const scale of [Number.POSITIVE_INFINITY, 1e-60]) {
      expect(() => tables.update(batch, { scale })).toThrow(expect.objectContaining({ code: "ERR_NON_FINITE" }));
    }
    expect(() => tables.update(batch, { scal: 1 } as never)).toThrow(
      expect.objectContaining({ code: "ERR_UNKNOWN_OPTION" }),
    );
  });
});

describe("several tables", () => {
  test("are looked up by feature", () => {
    const tables = new EmbeddingTables(features);
    const { user, lastItem } = tables.lookup({ user: [1, 2], lastItem: Uint32Array.of(5) });
    expect(user).toEqual(tables.table("user").lookup([1, 2]));
    expect(lastItem).toEqual(tables.table("item").lookup([5]));
    expect(() => tables.lookup({ usr: [1] } as never)).toThrow(
      expect.objectContaining({ code: "ERR_UNKNOWN_FEATURE" }),
    );
    expect(() => tables.lookup({ user: [99] })).toThrow(/^user: ids\[0\] is 99/);
  });

  test("say what is wrong with a feature's options", () => {
    const make = (features: object) => () => new EmbeddingTables(features as Record<string, TableOptions>);
    expect(make({ user: { rows: 0, dim: 1 } })).toThrow(/^user: rows must be/);
    expect(make({ user: { rows: 1, dim: 1 }, last: "usr" })).toThrow(
      expect.objectContaining({
        code: "ERR_UNKNOWN_FEATURE",
        message: expect.stringMatching(/last .*"usr"; did you mean user/),
      }),
    );
    expect(make({})).toThrow(expect.objectContaining({ code: "ERR_MISSING_OPTION" }));
    expect(make([])).toThrow(expect.objectContaining({ code: "ERR_OPTION_VALUE" }));
  });

  test("are disposed together", () => {
    const tables = new EmbeddingTables(features);
    tables.dispose();
    for (const feature of tables.features) {
      expect(() => tables.table(feature).step).toThrow(expect.objectContaining({ code: "ERR_DISPOSED" }));
    }
    expect(() => tables.update({ user: { ids: [], gradients: new Float32Array() } })).toThrow(
      /^user: the table has been disposed/,
    );
  });

  test("take the factors of their own schedules", () => {
    const called: number[] = [];
    const schedule = (step: number): number => {
      called.push(step);
      return step === 1 ? 0 : 1;
    };
    const tables = new EmbeddingTables({
      a: { rows: 1, dim: 1, init: { type: "zeros" }, optimizer: { type: "sgd", lr: 1 }, schedule },
      b: { rows: 1, dim: 1, init: { type: "zeros" }, optimizer: { type: "sgd", lr: 1 } },
    });
    const one = { ids: [0], gradients: Float32Array.of(1) };
    for (let step = 0; step < 2; step++) tables.update({ a: one, b: one });
    expect(called).toEqual([1, 2]);
    expect(at(tables.table("a").lookup([0]), 0)).toBe(-1);
    expect(at(tables.table("b").lookup([0]), 0)).toBe(-2);
  });
});

/** The lengths of the arrays of gradients that a call makes. */
function arraysMade(call: () => void): number[] {
  const lengths: number[] = [];
  const made = globalThis.Float32Array;
  globalThis.Float32Array = new Proxy(made, {
    construct(target, values: [number]) {
      // Views of what is there begin with that.
      if (typeof values[0] === "number" && values[0] > 0) lengths.push(values[0]);
      return Reflect.construct(target, values);
    },
  });
  try {
    call();
  } finally {
    globalThis.Float32Array = made;
  }
  return lengths;
}
