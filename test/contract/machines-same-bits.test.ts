/** A machine's bits do not depend on the backend, on threads, on how examples come, or on whether it was saved on the way. */
import {
  DeepFM,
  type Examples,
  FactorizationMachine,
  type Machine,
  type MachineOptions,
  select,
} from "tallygrad/models";
import { describe, expect, test } from "vitest";
import { fields, kinds, part, pieces, someExamples } from "./support/machines.js";
import { expectSameElements } from "./support/pair.js";
import { places } from "./support/places.js";
import { Random, seed } from "./support/random.js";

/** Options that change what is computed. */
const variants: readonly [string, Partial<MachineOptions>][] = [
  ["defaults", {}],
  [
    "squared loss, adam, a schedule",
    { loss: "squared", optimizer: { type: "adam" }, schedule: { type: "linear", steps: 9 } },
  ],
  ["narrow vectors", { dtype: "f16", rounding: "stochastic", optimizer: { type: "sgd", lr: 0.05 } }],
];
const cases = kinds.flatMap(([kind, create]) =>
  variants.map(([variant, options]) => ({ name: `${kind}, ${variant}`, create, options })),
);
type Case = (typeof cases)[number];

const count = 500;
const examplesFor = ({ options: { loss = "logistic" } }: Case): Examples =>
  someExamples(new Random(seed), count, { loss, weighted: true });

/** Steps on a hundred examples each, from one of these on. */
function steps(model: Machine, examples: Examples, from = 0, to = count): void {
  for (const piece of pieces(part(examples, from, to), 100)) model.partialFit(piece);
}

async function* asTheyCome(examples: readonly Examples[]): AsyncGenerator<Examples> {
  yield* examples;
}

describe.each(cases)(`$name (seed ${seed})`, (case_) => {
  const { create, options } = case_;
  const examples = examplesFor(case_);

  test("on every backend and with any number of threads", () => {
    using model = create(options);
    steps(model, examples);
    const predictions = model.predict(examples);
    for (const place of [...places, ...places.map((one) => ({ ...one, threads: 2 }))]) {
      using other = create({ ...options, ...place });
      steps(other, examples);
      expect(other.fingerprint(), `${place.backend}, ${place.threads}`).toBe(model.fingerprint());
      expectSameElements("prediction", other.predict(examples), predictions);
    }
  });

  test("fitted in memory, in pieces and step by step", async () => {
    // The intercept is of all data in memory, else of the first piece.
    const given = { ...options, intercept: 0.125 };
    using model = create(given);
    steps(model, examples);
    for (const data of [examples, pieces(examples, 100), pieces(examples, 200), asTheyCome(pieces(examples, 300))]) {
      using other = create(given);
      await other.fit(data, { batchSize: 100 });
      expect(other.fingerprint()).toBe(model.fingerprint());
    }
  });

  test("saved on the way, and trained on elsewhere", async () => {
    using model = create(options);
    steps(model, examples, 0, 300);
    const file = await model.save();
    steps(model, examples, 300);
    for (const place of places) {
      const Class = model.constructor as typeof FactorizationMachine;
      using other = await Class.load(file, place);
      expect(other.backend.kind).toBe(place.backend);
      steps(other, examples, 300);
      expect(other.fingerprint()).toBe(model.fingerprint());
    }
  });

  test("of a clone, which goes its own way", () => {
    using model = create(options);
    steps(model, examples, 0, 300);
    using copy = model.clone();
    expect(copy).toBeInstanceOf(model.constructor);
    expect(copy.fingerprint()).toBe(model.fingerprint());
    const before = model.fingerprint();
    steps(copy, examples, 300);
    expect(model.fingerprint()).toBe(before);
    steps(model, examples, 300);
    expect(copy.fingerprint()).toBe(model.fingerprint());
  });
});

describe(`a batch large enough for several threads (seed ${seed})`, () => {
  test.each(kinds)("%s", (_, create) => {
    const examples = someExamples(new Random(seed), 3000, { weighted: true });
    const prints = [...places, ...places.map((one) => ({ ...one, threads: 2 }))].map((place) => {
      using model = create({ dim: 40, ...place });
      for (let step = 0; step < 3; step += 1) model.partialFit(examples);
      return [model.fingerprint(), ...model.predict(examples)];
    });
    for (const print of prints) expect(print).toEqual(prints[0]);
  });
});

describe("what decides bits", () => {
  const examples = someExamples(new Random(seed), 50);
  const printOf = (options: Partial<MachineOptions> = {}): string => {
    using model = new FactorizationMachine({ fields, ...options });
    model.partialFit(examples);
    return model.fingerprint();
  };

  test.each<[string, Partial<MachineOptions>]>([
    ["the seed", { seed: 1 }],
    ["the loss", { loss: "squared" }],
    ["the rule", { optimizer: { type: "sgd", lr: 0.1 } }],
    ["the intercept", { intercept: 0 }],
    ["first vectors", { init: { type: "zeros" } }],
    ["the type of vectors", { dtype: "bf16" }],
    ["how bags are weighed", { fields: { ...fields, genres: { rows: 7, bag: "sum" } } }],
  ])("%s", (_, options) => {
    expect(printOf(options)).not.toBe(printOf());
  });

  test("the layers' rate and widths", () => {
    const prints = [{}, { layerRate: 0.01 }, { hidden: [64] }, { hidden: [32, 64] }].map((options) => {
      using model = new DeepFM({ fields, ...options });
      model.partialFit(examples);
      return model.fingerprint();
    });
    expect(new Set(prints).size).toBe(prints.length);
  });
});

describe("labels in any array", () => {
  test.each(["logistic", "squared"] as const)("%s", async (loss) => {
    const list = loss === "squared" ? [0.1, 0.7, 1 / 3, 1e10] : [0, 1, 1, 0];
    const columns = { user: [1, 2, 3, 4] };
    const arrays: Examples["labels"][] = [list, Float64Array.from(list), Float32Array.from(list)];
    if (loss === "logistic") arrays.push(Uint8Array.from(list));
    const prints: string[] = [];
    for (const labels of arrays) {
      for (const learn of [
        (model: Machine) => model.partialFit({ columns, labels }),
        (model: Machine) => model.fit({ columns, labels }),
        (model: Machine) => model.fit([{ columns, labels }]),
      ]) {
        using model = new FactorizationMachine({ fields: { user: 5 }, loss });
        await learn(model);
        prints.push(model.fingerprint());
      }
    }
    expect(new Set(prints).size).toBe(1);
  });
});

describe("with a vocabulary", () => {
  const random = new Random(seed);
  const words = (length: number): string[] =>
    Array.from({ length }, () => `w${Math.floor(60 * random.uniform() ** 2)}`);
  const examples: Examples = {
    columns: { user: words(400), film: words(400), price: Float32Array.from({ length: 400 }, () => random.uniform()) },
    labels: Float32Array.from({ length: 400 }, () => random.below(2)),
  };
  const keyed = { user: {}, film: {}, price: { numeric: true } };

  test.each<[string, NonNullable<MachineOptions["vocabulary"]>]>([
    ["all keys", { capacity: 200 }],
    ["few rows", { capacity: 20 }],
    [
      "admission and eviction",
      { capacity: 30, admission: { type: "count", least: 2 }, eviction: { type: "least-recent" } },
    ],
  ])("%s: on every backend, however examples come, and saved on the way", async (_, vocabulary) => {
    const options = { fields: keyed, vocabulary, dim: 3, intercept: 0.5 };
    using model = new FactorizationMachine(options);
    for (const batch of pieces(examples, 50)) model.partialFit(batch);
    for (const place of places) {
      for (const data of [examples, pieces(examples, 50), pieces(examples, 200)]) {
        using other = new FactorizationMachine({ ...options, ...place });
        await other.fit(data, { batchSize: 50 });
        // Where rows do not depend on when keys are asked for, all of them are asked for at once, which is one step of the vocabulary.
        const printOf = ({ vectors, biases }: Machine): string[] => [vectors.fingerprint(), biases.fingerprint()];
        if ("eviction" in vocabulary) expect(other.fingerprint(), place.backend).toBe(model.fingerprint());
        else expect(printOf(other), place.backend).toEqual(printOf(model));
      }
      using half = new FactorizationMachine(options);
      for (const batch of pieces(part(examples, 0, 200), 50)) half.partialFit(batch);
      using other = await FactorizationMachine.load(await half.save(), place);
      using copy = other.clone();
      for (const batch of pieces(part(examples, 200, 400), 50)) for (const one of [other, copy]) one.partialFit(batch);
      expect([other.fingerprint(), copy.fingerprint()]).toEqual([model.fingerprint(), model.fingerprint()]);
    }
  });

  test("examples held out for validation get no rows", async () => {
    const options = { fields: keyed, vocabulary: { capacity: 200 }, dim: 3 };
    using model = new FactorizationMachine(options);
    await model.fit(examples, { validation: 0.3 });
    const tallies = model.vectors.tallies();
    // Row 0 is that of keys without one.
    expect(model.vocabulary?.size).toBe(tallies.filter((tally, row) => row > 0 && tally > 0).length);
  });
});

test("a share for validation is as if it had been taken out before", async () => {
  const examples = someExamples(new Random(seed), 200);
  // A probe tells which examples are held out: those whose rows are never trained.
  using probe = new FactorizationMachine({ fields: { number: 200 } });
  const columns = { number: Uint32Array.from({ length: 200 }, (_, i) => i) };
  await probe.fit({ columns, labels: examples.labels }, { validation: 0.25, epochs: 2 });
  const trained = probe.vectors.tallies();
  const training = Uint32Array.from(trained.keys()).filter((i) => trained[i] !== 0);
  expect(training).toHaveLength(150);
  using model = new FactorizationMachine({ fields });
  const history = await model.fit(examples, { validation: 0.25, epochs: 3, batchSize: 40 });
  using other = new FactorizationMachine({ fields });
  const held = Uint32Array.from(trained.keys()).filter((i) => trained[i] === 0);
  const options = { validation: select(examples, held), epochs: 3, batchSize: 40 };
  expect((await other.fit(select(examples, training), options)).validation).toEqual(history.validation);
  expect(other.fingerprint()).toBe(model.fingerprint());
});
