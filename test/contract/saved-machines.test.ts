/** Saved machines: every option comes back, and files that are something else are refused. */
import { DeepFM, FactorizationMachine, type Machine, type MachineOptions, SkipGram } from "tallygrad/models";
import { describe, expect, test } from "vitest";
import { EmbeddingTable, loadAll } from "./subject.js";
import { expectRefused, fields, kinds, part, someExamples } from "./support/machines.js";
import { Random, seed } from "./support/random.js";

const examples = someExamples(new Random(seed), 120);
const format = { code: "ERR_FILE_FORMAT" } as const;

function reload(model: Machine, file: Uint8Array | Blob): Promise<Machine> {
  return model instanceof DeepFM ? DeepFM.load(file) : FactorizationMachine.load(file);
}

async function bytesOf(saved: { save(): Promise<Blob> }): Promise<Uint8Array> {
  return new Uint8Array(await (await saved.save()).arrayBuffer());
}

describe.each(kinds)(`comes back: %s (seed ${seed})`, (_, create) => {
  const keyed = { ...fields, user: {}, film: {}, genres: { bag: "mean" }, tags: { bag: "sum" }, seen: {} } as const;
  test.each<[string, Partial<MachineOptions>]>([
    ["as it began", {}],
    ["squared loss, an intercept, a seed", { loss: "squared", intercept: -0.1, seed: 2 ** 53 - 1 }],
    ["a rule and a schedule", { optimizer: { type: "adam", lr: 0.02 }, schedule: { type: "cosine", steps: 5 } }],
    ["a rule with state that all rows share", { optimizer: { type: "cf-sgd", lr: 0.1, normalize: true } }],
    ["narrow vectors", { dtype: "bf16", rounding: "stochastic" }],
    ["a vocabulary", { fields: keyed, vocabulary: { capacity: 40 } }],
    ["a vocabulary that is full", { fields: keyed, vocabulary: { capacity: 9, eviction: { type: "least-frequent" } } }],
  ])("%s", async (_, options) => {
    for (const steps of [0, 3]) {
      using model = create(options);
      for (let step = 0; step < steps; step += 1) model.partialFit(part(examples, step * 40, step * 40 + 40));
      using copy = await reload(model, await bytesOf(model));
      expect(copy).toBeInstanceOf(model.constructor);
      expect([copy.loss, copy.intercept, copy.fingerprint()]).toEqual([
        model.loss,
        model.intercept,
        model.fingerprint(),
      ]);
      expect(copy.predict(examples)).toEqual(model.predict(examples));
      // What follows depends on all that was not compared: the seed of orders, rules and schedules, what bags mean.
      for (const one of [model, copy]) await one.fit(examples, { epochs: 2, batchSize: 50, validation: 0.2 });
      expect(copy.fingerprint()).toBe(model.fingerprint());
      expect(await bytesOf(copy)).toEqual(await bytesOf(model));
    }
  });
});

test("layers of other widths", async () => {
  using model = new DeepFM({ fields, hidden: [3, 1, 7], layerRate: 0.5 });
  using copy = await DeepFM.load(await model.save());
  expect(copy.layers.map(({ rows, dim }) => [rows, dim])).toEqual([
    [3, 97],
    [1, 4],
    [7, 2],
    [1, 8],
  ]);
});

/** A file whose metadata says something else of its members. */
async function changed(model: Machine, change: (members: Record<string, Record<string, unknown>>) => void) {
  const file = await bytesOf(model);
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  const entry = JSON.parse(header.__metadata__.tallygrad);
  change(entry.members);
  header.__metadata__.tallygrad = JSON.stringify(entry);
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = new Uint8Array(8);
  new DataView(start.buffer).setBigUint64(0, BigInt(text.length), true);
  return new Uint8Array(await new Blob([start, text, file.slice(8 + length)]).arrayBuffer());
}

describe("a file that says something else", () => {
  const model = (): FactorizationMachine => new FactorizationMachine({ fields: { user: 3, film: 4 }, dim: 2 });

  test("as it is it is read", async () => {
    using copy = await FactorizationMachine.load(await changed(model(), () => undefined));
    expect(copy.fingerprint()).toBe(model().fingerprint());
  });

  test.each<[string, unknown]>([
    ["kind", "deep-fm"],
    ["kind", "skip-gram"],
    ["fields", undefined],
    ["fields", {}],
    ["fields", { user: 8 }],
    ["fields", { user: {}, film: 4 }],
    ["fields", { user: 3, film: 4, price: { numeric: true } }],
    ["fields", { user: { rows: 3, numeric: true }, film: 4 }],
    ["fields", { user: { rows: 3, bag: "max" }, film: 4 }],
    ["loss", undefined],
    ["loss", "hinge"],
    ["intercept", undefined],
    ["intercept", "0"],
    ["seed", -1],
    ["seed", undefined],
  ])("of its %s: %j", async (name, value) => {
    const file = await changed(model(), ({ model = {} }) => {
      model[name] = value;
    });
    await expectRefused(() => FactorizationMachine.load(file), format);
  });

  test.each<[string, unknown]>([
    ["hidden", undefined],
    ["hidden", []],
    ["hidden", [3]],
    ["hidden", [2, 1, 1]],
    ["hidden", [0, 1]],
    ["hidden", "21"],
  ])("of its network's %s: %j", async (name, value) => {
    using deep = new DeepFM({ fields: { user: 3 }, dim: 2, hidden: [2, 1] });
    const file = await changed(deep, ({ model = {} }) => {
      model[name] = value;
    });
    await expectRefused(() => DeepFM.load(file), format);
  });

  test("of its members", async () => {
    for (const name of ["model", "vectors", "biases"]) {
      await expectRefused(
        async () =>
          FactorizationMachine.load(
            await changed(model(), (members) => {
              delete members[name];
            }),
          ),
        format,
      );
    }
  });
});

describe("another file", () => {
  test("of another model, of a table, of words, of nothing", async () => {
    using machine = new FactorizationMachine({ fields });
    using deep = new DeepFM({ fields });
    using table = new EmbeddingTable({ rows: 2, dim: 2 });
    using words = new SkipGram({ minCount: 1, dim: 2 });
    await words.fit([["a", "b"]]);
    const files = [
      ...(await Promise.all([table, words].map(bytesOf))),
      new Uint8Array(0),
      new Uint8Array(100).fill(123),
    ];
    for (const file of [await bytesOf(deep), ...files])
      await expectRefused(() => FactorizationMachine.load(file), format);
    for (const file of [await bytesOf(machine), ...files]) await expectRefused(() => DeepFM.load(file), format);
    await expectRefused(async () => EmbeddingTable.load(await bytesOf(machine)), format);
    await expectRefused(async () => loadAll(await bytesOf(machine)), format);
  });

  test("that ends early, or goes on behind its end", async () => {
    using model = new DeepFM({ fields: { user: 3 }, dim: 2, hidden: [2] });
    const file = await bytesOf(model);
    for (let length = 0; length < file.length; length += 41) {
      await expectRefused(() => DeepFM.load(file.slice(0, length)), format);
    }
    await expectRefused(() => DeepFM.load(file.slice(0, -1)), format);
    await expectRefused(async () => DeepFM.load(new Blob([file.slice(), "x"])), format);
  });
});

test.each<[unknown, string]>([
  [{ backend: "gpu" }, "backend"],
  [{ threads: 0 }, "threads"],
  [{ schedule: () => 1 }, "schedule"],
  [{ signal: 5 }, "signal"],
])("options of loading that are wrong: %j", async (options, name) => {
  using model = new FactorizationMachine({ fields });
  const file = await bytesOf(model);
  const refusal = { code: ["ERR_OPTION_VALUE", "ERR_UNKNOWN_OPTION"], mentions: [name] } as const;
  await expectRefused(() => FactorizationMachine.load(file, options as object), refusal);
});

test("saving and loading stop by a signal", async () => {
  using model = new FactorizationMachine({ fields });
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(model.save(undefined, { signal })).rejects.toThrow("enough");
  const file = await model.save();
  await expect(FactorizationMachine.load(file, { signal })).rejects.toThrow("enough");
  model.partialFit(examples);
});
