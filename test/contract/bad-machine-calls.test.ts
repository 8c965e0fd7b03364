/** Options of `fit` that are refused before anything is learned, and what calls make of keys and fields that are not known. */
import { FactorizationMachine, type FitOptions, type MachineOptions } from "tallygrad/models";
import { describe, expect, test } from "vitest";
import type { ErrorCode, Key } from "../../index.js";
import { expectModelUnchanged, expectRefused, fields, part, pieces, someExamples } from "./support/machines.js";
import { Random, seed } from "./support/random.js";

const examples = someExamples(new Random(seed), 20);

describe("options of fit", () => {
  const validation = part(examples, 0, 5);
  test.each<[what: string, options: unknown, code: ErrorCode, mentions: (string | number)[]]>([
    ["none", null, "ERR_OPTION_VALUE", ["options", "null"]],
    ["another one", { epoch: 3 }, "ERR_UNKNOWN_OPTION", ["epoch", "epochs"]],
    ["no epochs", { epochs: 0 }, "ERR_OPTION_VALUE", ["epochs", 0]],
    ["half an epoch", { epochs: 0.5 }, "ERR_OPTION_VALUE", ["epochs", 0.5]],
    ["null epochs", { epochs: null }, "ERR_OPTION_VALUE", ["epochs", "null"]],
    ["empty batches", { batchSize: 0 }, "ERR_OPTION_VALUE", ["batchSize", 0]],
    ["batches in words", { batchSize: "all" }, "ERR_OPTION_VALUE", ["batchSize", '"all"']],
    ["null shuffle", { shuffle: null }, "ERR_OPTION_VALUE", ["shuffle", "null"]],
    ["shuffle by a number", { shuffle: 1 }, "ERR_OPTION_VALUE", ["shuffle", 1]],
    ["a share of 0", { validation: 0 }, "ERR_OPTION_VALUE", ["validation", 0]],
    ["a share of 1", { validation: 1 }, "ERR_OPTION_VALUE", ["validation", 1]],
    ["a share of less than an example", { validation: 0.01 }, "ERR_OPTION_VALUE", ["validation", 20, 0.01]],
    ["a share that leaves nothing", { validation: 0.99 }, "ERR_OPTION_VALUE", ["validation", 20, 0.99]],
    ["validation in words", { validation: "some" }, "ERR_OPTION_VALUE", ["validation", '"some"']],
    ["validation on nothing", { validation: part(examples, 0, 0) }, "ERR_OPTION_VALUE", ["validation"]],
    ["validation on pieces", { validation: [examples] }, "ERR_OPTION_VALUE", ["validation", "Array"]],
    ["never", { validation, validateEvery: 0 }, "ERR_OPTION_VALUE", ["validateEvery", 0]],
    [
      "evaluations at infinity",
      { validation, validateEvery: 1 / 0 },
      "ERR_OPTION_VALUE",
      ["validateEvery", "Infinity"],
    ],
    ["stopping without validation", { earlyStopping: true }, "ERR_MISSING_OPTION", ["earlyStopping", "validation"]],
    ["stopping by a number", { validation, earlyStopping: 3 }, "ERR_OPTION_VALUE", ["earlyStopping", 3]],
    ["no patience", { validation, earlyStopping: { patience: 0 } }, "ERR_OPTION_VALUE", ["earlyStopping.patience", 0]],
    [
      "patient",
      { validation, earlyStopping: { patient: 1 } },
      "ERR_UNKNOWN_OPTION",
      ["earlyStopping.patient", "patience"],
    ],
    ["a signal that is none", { signal: {} }, "ERR_OPTION_VALUE", ["signal", "Object"]],
    ["progress to nobody", { onProgress: {} }, "ERR_OPTION_VALUE", ["onProgress", "Object"]],
  ])("%s", async (_, options, code, mentions) => {
    using model = new FactorizationMachine({ fields });
    const isShare = typeof (options as FitOptions | null)?.validation === "number";
    for (const data of isShare ? [examples] : [examples, pieces(examples, 5)]) {
      await expectModelUnchanged(model, () => model.fit(data, options as FitOptions), { code, mentions });
    }
    await model.fit(examples);
  });

  test("that do not go with pieces, or with pieces that come once", async () => {
    using model = new FactorizationMachine({ fields });
    const data = pieces(examples, 5);
    const conflict = { code: "ERR_OPTION_CONFLICT" } as const;
    await expectModelUnchanged(model, () => model.fit(data, { validation: 0.5 }), conflict);
    await expectModelUnchanged(model, () => model.fit(data, { shuffle: true }), conflict);
    const refusal = { code: "ERR_OPTION_VALUE", mentions: ["data", "once"] } as const;
    await expectRefused(() => model.fit(data.values(), { epochs: 2 }), refusal);
    expect(model.vectors.step).toBe(4);
  });
});

test("an example in the last batch is refused before the first is learned, also where each batch's keys are asked for in turn", async () => {
  const vocabulary = { capacity: 6, eviction: { type: "least-recent" } } as const;
  using model = new FactorizationMachine({ fields: { key: {} }, vocabulary });
  const columns = { key: Array.from({ length: 20 }, (_, index) => `k${index}`) };
  const wrong = { columns, labels: Array.from({ length: 20 }, (_, index) => (index === 19 ? 7 : 1)) };
  const refusal = { code: "ERR_OPTION_VALUE", mentions: ["labels[19]", 7] } as const;
  for (const data of [wrong, [wrong]]) {
    await expectModelUnchanged(model, () => model.fit(data, { batchSize: 5 }), refusal);
  }
  const keys: Key[] = [...columns.key.slice(0, 19), Number.NaN];
  const other = { columns: { key: keys }, labels: new Float32Array(20) };
  const unkeyed = { code: "ERR_WRONG_CLASS", mentions: ["columns.key[19]", "NaN"] } as const;
  await expectModelUnchanged(model, () => model.fit(other, { batchSize: 5 }), unkeyed);
});

describe("with a vocabulary", () => {
  const options = { fields: { word: {}, price: { numeric: true } }, vocabulary: { capacity: 50 } } as const;
  const trained = (): FactorizationMachine => {
    const model = new FactorizationMachine({ ...options, optimizer: { type: "sgd", lr: 1 } });
    model.partialFit({ columns: { word: ["a", "b"], price: [1, 2] }, labels: [1, 0] });
    return model;
  };

  test("keys that are not known have row 0, and are not made known by questions", async () => {
    using model = trained();
    const before = model.fingerprint();
    expect([...model.rowsOf("word", ["a", "x", "b"])]).toEqual([1, 0, 3]);
    const columns = { word: ["x", "y", "price"], price: [0, 0, 0] };
    const [x, y, price] = model.predict({ columns });
    expect([y, price]).toEqual([x, x]);
    expect((await model.evaluate({ columns, labels: [0, 1, 0] })).byCount[0]).toMatchObject({
      from: 0,
      below: 1,
      examples: 3,
    });
    expect(model.vocabulary?.size).toBe(3);
    expect(model.fingerprint()).toBe(before);
  });

  test("fields share rows, not keys; a number has one row, whatever it is", () => {
    using model = new FactorizationMachine({
      fields: { a: {}, b: {}, n: { numeric: true } },
      vocabulary: { capacity: 9 },
    });
    model.partialFit({ columns: { a: ["x"], b: ["x"], n: [3] }, labels: [1] });
    expect([...model.rowsOf("a", ["x"]), ...model.rowsOf("b", ["x"]), ...model.rowsOf("n", [3, 0.5])]).toEqual([
      1, 2, 3, 3,
    ]);
    expect(model.vocabulary?.key(3)).toBe("n");
    expect(model.vocabulary?.key(1)).toBe("a=x");
  });

  test("keys are compared as text", () => {
    using model = new FactorizationMachine({ fields: { a: {} }, vocabulary: { capacity: 9 } });
    model.partialFit({ columns: { a: [7, "7", 7n, "07", ""] }, labels: [1, 1, 1, 1, 0] });
    expect([...model.rowsOf("a", [7, "7", 7n, "07", "", -0])]).toEqual([1, 1, 1, 2, 3, 0]);
  });

  test.each<[unknown, string]>([
    [null, "null"],
    [true, "true"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "Infinity"],
    [{}, "Object"],
    [undefined, "undefined"],
  ])("%j is no key", async (key, shown) => {
    using model = trained();
    const columns = { word: ["a", key as Key], price: [1, 1] };
    const refusal = { code: "ERR_WRONG_CLASS", mentions: ["columns.word[1]", shown] } as const;
    await expectModelUnchanged(model, () => model.partialFit({ columns, labels: [0, 1] }), refusal);
    await expectModelUnchanged(model, () => model.predict({ columns }), refusal);
  });
});

describe("rowsOf", () => {
  const create = (options?: Partial<MachineOptions>): FactorizationMachine =>
    new FactorizationMachine({ fields: { user: 5, price: { numeric: true }, film: 3 }, ...options });

  test("counts from the rows of the fields before", () => {
    using model = create();
    expect([...model.rowsOf("user", [0, 4])]).toEqual([0, 4]);
    expect([...model.rowsOf("price", [0.25, 0])]).toEqual([5, 5]);
    expect([...model.rowsOf("film", Uint32Array.of(0, 2))]).toEqual([6, 8]);
    expect(model.vectors.rows).toBe(9);
  });

  test.each<[string, unknown, ErrorCode, (string | number)[]]>([
    ["page", [0], "ERR_UNKNOWN_FEATURE", ['"page"', "user"]],
    ["film", [0, 3], "ERR_ID_OUT_OF_RANGE", ["film", 3]],
    ["film", ["0"], "ERR_WRONG_CLASS", ["film", '"0"']],
    ["film", 5, "ERR_WRONG_CLASS", ["values", 5]],
    ["film", undefined, "ERR_WRONG_CLASS", ["values", "undefined"]],
    ["price", [Number.NaN], "ERR_NON_FINITE", ["price", "NaN"]],
  ])("of %s, %j", async (field, values, code, mentions) => {
    using model = create();
    await expectRefused(() => model.rowsOf(field, values as Key[]), { code, mentions });
  });
});

test("what changes in the caller's arrays after fit was called changes nothing", async () => {
  const weighted = someExamples(new Random(seed), 200, { weighted: true });
  const copyOf = (): typeof weighted => structuredClone(weighted);
  const options = { epochs: 3, batchSize: 20 };
  using model = new FactorizationMachine({ fields });
  const given = copyOf();
  const training = model.fit(given, options);
  given.weights?.fill(Number.NaN);
  (given.labels as Float32Array).fill(9);
  for (const column of Object.values(given.columns)) {
    if (ArrayBuffer.isView(column)) column.fill(77);
    else if ("weights" in column) column.weights?.fill(Number.NaN);
  }
  await training;
  using other = new FactorizationMachine({ fields });
  await other.fit(copyOf(), options);
  expect(model.fingerprint()).toBe(other.fingerprint());
});
