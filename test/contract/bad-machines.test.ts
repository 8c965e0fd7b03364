/** What machines refuse: a coded error that names argument, position and value, and a model that is as it was. */
import { DeepFM, type Examples, FactorizationMachine, type MachineOptions } from "tallygrad/models";
import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../../index.js";
import { expectModelUnchanged, expectRefused, kinds, someExamples } from "./support/machines.js";
import { Random, seed } from "./support/random.js";

type Case = [what: string, given: unknown, code: ErrorCode, mentions: (string | number)[]];

describe("options", () => {
  test.each<Case>([
    ["nothing", undefined, "ERR_OPTION_VALUE", ["options", "undefined"]],
    ["a list", [], "ERR_OPTION_VALUE", ["options", "Array"]],
    ["no fields", {}, "ERR_OPTION_VALUE", ["fields", "undefined"]],
    ["none of them", { fields: {} }, "ERR_OPTION_VALUE", ["fields"]],
    ["a list of fields", { fields: [3] }, "ERR_OPTION_VALUE", ["fields", "Array"]],
    ["a field that is none", { fields: { a: "3" } }, "ERR_OPTION_VALUE", ["fields.a", '"3"']],
    ["a field without rows", { fields: { a: {} } }, "ERR_MISSING_OPTION", ["fields.a.rows"]],
    ["no rows", { fields: { a: 0 } }, "ERR_OPTION_VALUE", ["fields.a.rows", 0]],
    ["half a row", { fields: { a: 1.5 } }, "ERR_OPTION_VALUE", ["fields.a.rows", 1.5]],
    ["too many rows", { fields: { a: 2 ** 32 } }, "ERR_OPTION_VALUE", ["fields.a.rows", 2 ** 32]],
    ["too many in all", { fields: { a: 2 ** 31, b: 2 ** 31 } }, "ERR_OPTION_VALUE", ["fields", 2 ** 32]],
    ["another bag", { fields: { a: { rows: 2, bag: "max" } } }, "ERR_OPTION_VALUE", ["fields.a.bag", '"max"']],
    ["a number with rows", { fields: { a: { rows: 2, numeric: true } } }, "ERR_OPTION_CONFLICT", ["fields.a.rows"]],
    ["numeric 1", { fields: { a: { numeric: 1 } } }, "ERR_OPTION_VALUE", ["fields.a.numeric", 1]],
    ["a field's option", { fields: { a: { row: 2 } } }, "ERR_UNKNOWN_OPTION", ["fields.a.row", "rows"]],
    ["a name with =", { fields: { "a=b": 2 } }, "ERR_OPTION_VALUE", ["fields", '"a=b"']],
    ["an option", { fields: { a: 2 }, dims: 3 }, "ERR_UNKNOWN_OPTION", ["dims", "dim"]],
    ["a network's option", { fields: { a: 2 }, hidden: [3] }, "ERR_UNKNOWN_OPTION", ["hidden"]],
    ["dim 0", { fields: { a: 2 }, dim: 0 }, "ERR_OPTION_VALUE", ["dim", 0]],
    ["dim 65,537", { fields: { a: 2 }, dim: 65_537 }, "ERR_OPTION_VALUE", ["dim", 65_537]],
    ["another loss", { fields: { a: 2 }, loss: "hinge" }, "ERR_OPTION_VALUE", ["loss", '"hinge"']],
    ["an intercept", { fields: { a: 2 }, intercept: Number.NaN }, "ERR_OPTION_VALUE", ["intercept", "NaN"]],
    ["a seed", { fields: { a: 2 }, seed: -1 }, "ERR_OPTION_VALUE", ["seed", "-1"]],
    ["first vectors", { fields: { a: 2 }, init: new Float32Array(32) }, "ERR_OPTION_VALUE", ["init"]],
    ["their type", { fields: { a: 2 }, init: { type: "ones" } }, "ERR_OPTION_VALUE", ["init.type", '"ones"']],
    ["a rule", { fields: { a: 2 }, optimizer: { type: "sdg" } }, "ERR_OPTION_VALUE", ["optimizer.type", "sgd"]],
    [
      "a rule without its rate",
      { fields: { a: 2 }, optimizer: { type: "sgd" } },
      "ERR_MISSING_OPTION",
      ["optimizer.lr"],
    ],
    ["a schedule", { fields: { a: 2 }, schedule: () => 1 }, "ERR_OPTION_VALUE", ["schedule", "function"]],
    ["a type of vectors", { fields: { a: 2 }, dtype: "f8" }, "ERR_OPTION_VALUE", ["dtype", '"f8"']],
    ["no threads", { fields: { a: 2 }, threads: 0 }, "ERR_OPTION_VALUE", ["threads", 0]],
    ["a backend", { fields: { a: 2 }, backend: "gpu" }, "ERR_OPTION_VALUE", ["backend", '"gpu"']],
    ["a backend without a name", { fields: { a: 2 }, backend: "" }, "ERR_OPTION_VALUE", ["backend", '""']],
    [
      "rows beside a vocabulary",
      { fields: { a: 2 }, vocabulary: { capacity: 9 } },
      "ERR_OPTION_CONFLICT",
      ["fields.a.rows"],
    ],
    ["no capacity", { fields: { a: {} }, vocabulary: {} }, "ERR_MISSING_OPTION", ["capacity"]],
    ["capacity 1", { fields: { a: {} }, vocabulary: { capacity: 1 } }, "ERR_OPTION_VALUE", ["capacity", 1]],
    [
      "a vocabulary's seed",
      { fields: { a: {} }, vocabulary: { capacity: 9, seed: 1 } },
      "ERR_UNKNOWN_OPTION",
      ["vocabulary.seed"],
    ],
    ["more than memory", { fields: { a: 2 ** 32 - 1 }, dim: 65_536 }, "ERR_OUT_OF_MEMORY", []],
  ])("%s", async (_, options, code, mentions) => {
    await expectRefused(() => new FactorizationMachine(options as MachineOptions), { code, mentions });
  });

  const nullable = [
    "dim",
    "optimizer",
    "schedule",
    "vocabulary",
    "loss",
    "intercept",
    "init",
    "seed",
    "dtype",
    "rounding",
  ];
  test.each([...nullable, "backend", "threads"])("null is no way to leave %s out", async (name) => {
    const options: unknown = { fields: { a: name === "vocabulary" ? {} : 2 }, [name]: null };
    const refusal = { code: ["ERR_OPTION_VALUE", "ERR_WRONG_CLASS"], mentions: [name, "null"] } as const;
    await expectRefused(() => new FactorizationMachine(options as MachineOptions), refusal);
  });

  test.each<Case>([
    ["no layers", { hidden: [] }, "ERR_OPTION_VALUE", ["hidden"]],
    ["a number of them", { hidden: 3 }, "ERR_OPTION_VALUE", ["hidden", 3]],
    ["null", { hidden: null }, "ERR_OPTION_VALUE", ["hidden", "null"]],
    ["a layer without units", { hidden: [4, 0] }, "ERR_OPTION_VALUE", ["hidden[1]", 0]],
    ["a hole", { hidden: Array(2) }, "ERR_MISSING_OPTION", ["hidden[0]"]],
    ["too wide a layer", { hidden: [65_536] }, "ERR_OPTION_VALUE", ["hidden[0]", 65_536]],
    ["too many inputs", { dim: 40_000, fields: { a: 1, b: 1 } }, "ERR_OPTION_VALUE", ["dim", 80_000]],
    ["rate 0", { layerRate: 0 }, "ERR_OPTION_VALUE", ["layerRate", 0]],
    ["a rate in words", { layerRate: "slow" }, "ERR_OPTION_VALUE", ["layerRate", '"slow"']],
    ["no rate at all", { layerRate: null }, "ERR_OPTION_VALUE", ["layerRate", "null"]],
  ])("of the network: %s", async (_, options, code, mentions) => {
    await expectRefused(() => new DeepFM({ fields: { a: 2 }, ...(options as object) }), { code, mentions });
  });
});

const offsets = [0, 1, 2, 3];
/** A list whose element number 1 is not there. */
function holed(list: number[]): number[] {
  delete list[1];
  return list;
}

/** Examples that every case changes in one place. */
const good = {
  columns: { user: [1, 2, 3], tags: { values: [1, 2, 3], offsets }, price: [0.5, 1, 2] },
  labels: [0, 1, 0],
};
const smallFields = { user: 5, tags: { rows: 4 }, price: { numeric: true } };
const withColumns = (columns: object): object => ({ ...good, columns: { ...good.columns, ...columns } });

/** What is wrong with columns, whatever they are for. */
const wrongColumns: Case[] = [
  ["no object", { ...good, columns: 5 }, "ERR_WRONG_CLASS", ["columns", 5]],
  ["no columns", { labels: good.labels }, "ERR_WRONG_CLASS", ["columns", "undefined"]],
  ["a missing column", { ...good, columns: { user: [1] } }, "ERR_MISSING_OPTION", ["columns.tags"]],
  ["a column too many", withColumns({ film: [1, 2, 3] }), "ERR_UNKNOWN_FEATURE", ['"film"', "user"]],
  ["a number for a column", withColumns({ user: 5 }), "ERR_WRONG_CLASS", ["columns.user", 5]],
  ["text for a column", withColumns({ user: "123" }), "ERR_WRONG_CLASS", ["columns.user", '"123"']],
  ["a DataView", withColumns({ user: new DataView(new ArrayBuffer(3)) }), "ERR_WRONG_CLASS", ["columns.user"]],
  ["a short column", withColumns({ price: [1, 2] }), "ERR_WRONG_LENGTH", ["columns.price", 2, 3]],
  ["an id out of range", withColumns({ user: [1, 5, 3] }), "ERR_ID_OUT_OF_RANGE", ["columns.user[1]", 5, 4]],
  ["a negative id", withColumns({ user: Int32Array.of(1, 2, -1) }), "ERR_ID_OUT_OF_RANGE", ["columns.user[2]", "-1"]],
  ["half an id", withColumns({ user: [1, 1.5, 3] }), "ERR_ID_OUT_OF_RANGE", ["columns.user[1]", 1.5]],
  ["NaN for an id", withColumns({ user: [Number.NaN, 1, 3] }), "ERR_ID_OUT_OF_RANGE", ["columns.user[0]", "NaN"]],
  ["text for an id", withColumns({ user: [1, "2", 3] }), "ERR_WRONG_CLASS", ["columns.user[1]", '"2"']],
  ["a bigint for an id", withColumns({ user: [1n, 2, 3] }), "ERR_WRONG_CLASS", ["columns.user[0]", "1n"]],
  ["a hole", withColumns({ user: holed([1, 2, 3]) }), "ERR_WRONG_CLASS", ["columns.user[1]", "undefined"]],
  ["NaN for a number", withColumns({ price: [1, Number.NaN, 3] }), "ERR_NON_FINITE", ["columns.price[1]", "NaN"]],
  ["more than float32", withColumns({ price: [1, 2, 1e39] }), "ERR_NON_FINITE", ["columns.price[2]", "1e+39"]],
  ["text for a number", withColumns({ price: [1, 2, "3"] }), "ERR_WRONG_CLASS", ["columns.price[2]", '"3"']],
  [
    "weights of numbers",
    withColumns({ price: { values: [1, 2, 3], offsets, weights: new Float32Array(3) } }),
    "ERR_OPTION_CONFLICT",
    ["columns.price.weights"],
  ],
  [
    "an option of bags",
    withColumns({ tags: { values: [], offset: [] } }),
    "ERR_UNKNOWN_OPTION",
    ["columns.tags.offset", "offsets"],
  ],
  [
    "bags without values",
    withColumns({ tags: { offsets } }),
    "ERR_WRONG_CLASS",
    ["columns.tags", "values", "undefined"],
  ],
  [
    "bags without offsets",
    withColumns({ tags: { values: [1] } }),
    "ERR_WRONG_CLASS",
    ["columns.tags", "offsets", "undefined"],
  ],
  [
    "an id of a bag",
    withColumns({ tags: { values: [1, 2, 4], offsets } }),
    "ERR_ID_OUT_OF_RANGE",
    ["columns.tags[2]", 4],
  ],
  [
    "offsets that begin late",
    withColumns({ tags: { values: [1, 2, 3], offsets: [1, 1, 2, 3] } }),
    "ERR_OFFSETS",
    ["columns.tags.offsets[0]", 1],
  ],
  [
    "offsets that fall",
    withColumns({ tags: { values: [1, 2, 3], offsets: [0, 2, 1, 3] } }),
    "ERR_OFFSETS",
    ["columns.tags.offsets[2]", 1, 2],
  ],
  [
    "offsets that end early",
    withColumns({ tags: { values: [1, 2, 3], offsets: [0, 1, 2, 2] } }),
    "ERR_OFFSETS",
    ["columns.tags.offsets", 2, 3],
  ],
  [
    "offsets that end late",
    withColumns({ tags: { values: [1, 2, 3], offsets: [0, 1, 2, 4] } }),
    "ERR_OFFSETS",
    ["columns.tags.offsets", 4, 3],
  ],
  [
    "half an offset",
    withColumns({ tags: { values: [1, 2, 3], offsets: [0, 0.5, 2, 3] } }),
    "ERR_OFFSETS",
    ["columns.tags.offsets[1]", 0.5],
  ],
  [
    "a hole in offsets",
    withColumns({ tags: { values: [1, 2, 3], offsets: holed([0, 1, 2, 3]) } }),
    "ERR_OFFSETS",
    ["columns.tags.offsets[1]"],
  ],
  ["no offsets", withColumns({ tags: { values: [], offsets: [] } }), "ERR_OFFSETS", ["columns.tags.offsets"]],
  [
    "offsets of other examples",
    withColumns({ tags: { values: [1, 2], offsets: [0, 1, 2] } }),
    "ERR_WRONG_LENGTH",
    ["columns.tags", 2, 3],
  ],
  [
    "weights in a list",
    withColumns({ tags: { values: [1, 2, 3], offsets, weights: [1, 1, 1] } }),
    "ERR_WRONG_CLASS",
    ["columns.tags.weights", "Array"],
  ],
  [
    "too few weights",
    withColumns({ tags: { values: [1, 2, 3], offsets, weights: new Float32Array(2) } }),
    "ERR_WRONG_LENGTH",
    ["columns.tags.weights", 2, 3],
  ],
  [
    "an infinite weight",
    withColumns({ tags: { values: [1, 2, 3], offsets, weights: Float32Array.of(1, Infinity, 1) } }),
    "ERR_NON_FINITE",
    ["columns.tags.weights[1]", "Infinity"],
  ],
];

/** What is wrong with labels and weights. */
const wrongTruths: Case[] = [
  ["no examples", undefined, "ERR_WRONG_CLASS", ["undefined"]],
  ["a number of examples", 5, "ERR_WRONG_CLASS", [5]],
  ["no labels", { columns: good.columns }, "ERR_WRONG_CLASS", ["labels", "undefined"]],
  ["text for labels", { ...good, labels: "010" }, "ERR_WRONG_CLASS", ["labels", '"010"']],
  [
    "a DataView for labels",
    { ...good, labels: new DataView(new ArrayBuffer(3)) },
    "ERR_WRONG_CLASS",
    ["labels", "DataView"],
  ],
  ["too few labels", { ...good, labels: [0, 1] }, "ERR_WRONG_LENGTH", ["labels", 2, 3]],
  ["half a label", { ...good, labels: [0, 0.5, 1] }, "ERR_OPTION_VALUE", ["labels[1]", 0.5]],
  ["true for a label", { ...good, labels: [0, 1, true] }, "ERR_OPTION_VALUE", ["labels[2]", "true"]],
  ["a hole in labels", { ...good, labels: holed([0, 1, 0]) }, "ERR_OPTION_VALUE", ["labels[1]", "undefined"]],
  ["weights in a list", { ...good, weights: [1, 1, 1] }, "ERR_WRONG_CLASS", ["weights", "Array"]],
  ["too few weights", { ...good, weights: new Float32Array(2) }, "ERR_WRONG_LENGTH", ["weights", 2, 3]],
  ["a negative weight", { ...good, weights: Float32Array.of(1, 1, -1) }, "ERR_OPTION_VALUE", ["weights[2]", "-1"]],
  [
    "an infinite weight",
    { ...good, weights: Float32Array.of(1, Infinity, 1) },
    "ERR_OPTION_VALUE",
    ["weights[1]", "Infinity"],
  ],
];

describe("examples", () => {
  const create = (): FactorizationMachine => new FactorizationMachine({ fields: smallFields, dim: 2 });

  test.each([...wrongColumns, ...wrongTruths])("%s", async (_, examples, code, mentions) => {
    using model = create();
    const wrong = examples as Examples;
    for (const call of [
      () => model.partialFit(wrong),
      () => model.evaluate([wrong]),
      () => model.fit([wrong]),
      () => model.fit(good, { validation: wrong === undefined ? (null as never) : wrong }),
    ]) {
      const refusal =
        wrong === undefined || typeof wrong === "number"
          ? { code: [code, "ERR_OPTION_VALUE"] as const }
          : { code, mentions };
      await expectModelUnchanged(model, call, refusal);
    }
    model.partialFit(good);
    await expectModelUnchanged(model, () => model.partialFit(wrong), { code, mentions });
  });

  test.each([...wrongColumns, ...wrongTruths.filter(([, examples]) => typeof examples === "object")])(
    "in memory as a whole: %s",
    async (_, examples, code, mentions) => {
      using model = create();
      if (!("columns" in (examples as object))) return;
      for (const options of [{}, { epochs: 2 }, { validation: 0.34 }]) {
        await expectModelUnchanged(model, () => model.fit(examples as Examples, options), { code, mentions });
      }
      await expectRefused(() => model.evaluate(examples as Examples), { code, mentions });
    },
  );

  test.each(wrongColumns)("to predict: %s", async (_, examples, code, mentions) => {
    using model = create();
    await expectRefused(() => model.predict(examples as Examples), { code, mentions });
  });

  test.each<Case>([
    ["nothing", undefined, "ERR_WRONG_CLASS", ["undefined"]],
    ["a number", 5, "ERR_WRONG_CLASS", [5]],
    ["text", "abc", "ERR_WRONG_CLASS", ['"abc"']],
    ["an object", {}, "ERR_WRONG_CLASS", ["Object"]],
  ])("data that are %s", async (_, data, code, mentions) => {
    using model = create();
    await expectModelUnchanged(model, () => model.fit(data as Examples), { code, mentions: ["data", ...mentions] });
    await expectRefused(() => model.evaluate(data as Examples), { code, mentions: ["data", ...mentions] });
    await expectRefused(() => model.predict(data as Examples), { code });
  });

  test.each<Case>([
    ["NaN", Number.NaN, "ERR_OPTION_VALUE", ["NaN"]],
    ["more than float32", 1e39, "ERR_OPTION_VALUE", ["1e+39"]],
    ["text", "3", "ERR_OPTION_VALUE", ['"3"']],
    ["null", null, "ERR_OPTION_VALUE", ["null"]],
    ["a bigint", 3n, "ERR_OPTION_VALUE", ["3n"]],
  ])("labels of squared loss that are %s", async (_, label, code, mentions) => {
    using model = new FactorizationMachine({ fields: smallFields, loss: "squared" });
    const wrong = { ...good, labels: [1, label as number, 2] };
    await expectModelUnchanged(model, () => model.partialFit(wrong), { code, mentions: ["labels[1]", ...mentions] });
    await expectModelUnchanged(model, () => model.fit(wrong), { code, mentions: ["labels[1]", ...mentions] });
  });
});

const nonFinite = "a step whose gradients or loss are not finite changes nothing, also the first one's intercept";
test.each(kinds)(`${nonFinite}: %s`, async (_, create) => {
  const examples = someExamples(new Random(seed), 20, { loss: "squared" });
  const huge = { ...examples, labels: new Float32Array(20).fill(3e38), weights: new Float32Array(20).fill(3e38) };
  using model = create({ loss: "squared" });
  for (let round = 0; round < 2; round += 1) {
    const wrong = round === 0 ? { ...huge, labels: huge.labels.map((label, i) => (i % 2 ? label : -label)) } : huge;
    await expectModelUnchanged(model, () => model.partialFit(wrong), { code: "ERR_NON_FINITE" });
    await expectModelUnchanged(model, () => model.fit(wrong), { code: "ERR_NON_FINITE" });
    model.partialFit(examples);
  }
});

test("predictions that overflow cannot be evaluated", async () => {
  using model = new FactorizationMachine({ fields: { number: { numeric: true } }, loss: "squared", intercept: 0 });
  model.biases.setRows([0], Float32Array.of(3e38));
  const examples = { columns: { number: [1, 100] }, labels: [0, 0] };
  expect([...model.predict(examples)]).toEqual([Math.fround(3e38), Number.POSITIVE_INFINITY]);
  await expectRefused(() => model.evaluate(examples), { code: "ERR_NON_FINITE", mentions: ["predictions[1]"] });
});
