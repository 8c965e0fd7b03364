/** What machines compute: every bit as `docs/models.md` has it, and the gradient of the loss that pairs of values come to. */
import {
  type Column,
  DeepFM,
  type Examples,
  FactorizationMachine,
  type FieldOptions,
  type Machine,
  type MachineOptions,
} from "tallygrad/models";
import { describe, expect, test } from "vitest";
import type { Key } from "../../index.js";
import { at } from "../oracle/at.js";
import { OracleMachine, type OracleOptions } from "../oracle/factorization-machine.js";
import { lossByPairs, predictionByPairs, type Weights } from "../oracle/machine-by-pairs.js";
import type { EmbeddingTable } from "./subject.js";
import { everyId } from "./support/batches.js";
import { fields, kinds, someExamples, type Wanted } from "./support/machines.js";
import { expectSameElements } from "./support/pair.js";
import { Random, seed } from "./support/random.js";

function machineOf(options: OracleOptions): FactorizationMachine | DeepFM {
  return options.hidden ? new DeepFM(options) : new FactorizationMachine(options);
}

function layersOf(model: FactorizationMachine | DeepFM): readonly EmbeddingTable[] {
  return model instanceof DeepFM ? model.layers : [];
}

/** Trains both on the same batches; afterwards, and in between, they are the same. */
function expectSameBits(options: OracleOptions, batches: readonly Examples[]): void {
  using model = machineOf(options);
  const oracle = new OracleMachine(options);
  for (const batch of batches) {
    const loss = oracle.step(batch);
    const weight = batch.weights?.reduce((sum, own) => sum + own, 0) ?? batch.labels.length;
    expect(model.partialFit(batch) * weight).toBeCloseTo(loss, 9);
    expect(model.intercept).toBe(oracle.intercept);
    expectSameElements("prediction", model.predict(batch), oracle.predict(batch.columns));
  }
  const tables = [model.vectors, model.biases, ...layersOf(model)];
  const expected = [oracle.vectors, oracle.biases, ...oracle.layers];
  expect(tables.map((table) => table.fingerprint())).toEqual(expected.map((table) => table.fingerprint()));
}

/** Batches at lengths around those of blocks. */
function batches(wanted: Wanted): Examples[] {
  const random = new Random(seed);
  return [1, 64, 150, 65, 7].map((count) => someExamples(random, count, wanted));
}

describe(`the documented bits (seed ${seed})`, () => {
  const sgd = { type: "sgd", lr: 0.1 } as const;
  test.each<[string, Partial<OracleOptions> & Wanted]>([
    ["defaults", {}],
    ["squared loss", { loss: "squared" }],
    ["weights of examples", { weighted: true, optimizer: sgd }],
    ["squared loss with weights", { loss: "squared", weighted: true, optimizer: sgd }],
    ["one float a vector", { dim: 1, optimizer: sgd }],
    ["eight floats", { dim: 8, optimizer: sgd }],
    ["nineteen floats", { dim: 19, optimizer: { type: "adam" } }],
    ["wide first vectors, another seed", { init: { type: "normal", scale: 0.7 }, seed: 2 ** 53 - 1, optimizer: sgd }],
    ["zeros, an intercept", { init: { type: "zeros" }, intercept: -1.25 }],
    ["a schedule", { optimizer: sgd, schedule: { type: "cosine", steps: 4 } }],
    ["narrow vectors", { dtype: "bf16", rounding: "stochastic", optimizer: { type: "adagrad" } }],
    ["a hidden layer", { hidden: [5], optimizer: sgd }],
    ["hidden layers, squared loss, weights", { hidden: [9, 1, 12], loss: "squared", weighted: true, layerRate: 0.05 }],
    ["a hidden layer, wide first vectors", { hidden: [17], dim: 9, init: { type: "uniform", scale: 1 }, seed: 3 }],
  ])("%s", (_, { weighted = false, ...options }) => {
    const wanted = { weighted, ...(options.loss && { loss: options.loss }) };
    expectSameBits({ fields, dim: 5, ...options }, batches(wanted));
  });

  test("a batch of more blocks than there are spans", () => {
    const narrow = { user: fields.user, price: fields.price };
    const { columns, labels } = someExamples(new Random(seed), 64 * 70 + 3);
    const { user = [], price = [] } = columns;
    const options = { fields: narrow, dim: 3, hidden: [4], init: { type: "normal", scale: 0.5 } } as const;
    expectSameBits(options, [{ columns: { user, price }, labels }]);
  });
});

/** The weights that a model has. */
function weightsOf(model: FactorizationMachine | DeepFM): Weights {
  const read = (table: EmbeddingTable): Float64Array[] =>
    Array.from(everyId(table.rows), (row) => Float64Array.from(table.lookup([row])));
  const [vectors, biases, layers] = [read(model.vectors), read(model.biases), layersOf(model).map(read)];
  return { vectors, biases, layers, intercept: model.intercept };
}

describe(`what pairs of values come to (seed ${seed})`, () => {
  const sgd = { type: "sgd", lr: 1 } as const;
  const wide = { type: "normal", scale: 0.4 } as const;

  test.each<[string, Partial<OracleOptions>]>([
    ["logistic", { loss: "logistic" }],
    ["squared", { loss: "squared" }],
    ["logistic, with a network", { loss: "logistic", hidden: [6, 4] }],
  ])("is what is predicted, and its loss: %s", (_, options) => {
    const { loss = "logistic" } = options;
    const examples = someExamples(new Random(seed), 90, { loss, weighted: true });
    using model = machineOf({ fields, dim: 6, init: wide, intercept: 0.3, ...options });
    const weights = weightsOf(model);
    const expected = predictionByPairs(fields, weights, loss, examples.columns);
    // Sums of some fifty products below 1, each rounded by 2^-24.
    for (const [example, prediction] of model.predict(examples).entries()) {
      expect(Math.abs(prediction - at(expected, example))).toBeLessThan(3e-6 * Math.max(1, Math.abs(prediction)));
    }
    const all = examples.weights?.reduce((sum, weight) => sum + weight, 0) ?? Number.NaN;
    expect(model.partialFit(examples)).toBeCloseTo(lossByPairs(fields, weights, loss, examples) / all, 5);
  });

  test.each<[string, Partial<OracleOptions>]>([
    ["logistic", { loss: "logistic" }],
    ["squared", { loss: "squared" }],
    ["logistic, with a network", { loss: "logistic", hidden: [6, 4] }],
    ["squared, with a network", { loss: "squared", hidden: [5] }],
  ])("is what SGD goes down: %s", (_, options) => {
    const { loss = "logistic" } = options;
    const examples = someExamples(new Random(seed), 12, { loss, weighted: true });
    using model = machineOf({ fields, dim: 4, init: wide, intercept: -0.2, optimizer: sgd, ...options });
    const before = weightsOf(model);
    model.partialFit(examples);
    const after = weightsOf(model);
    for (const part of ["vectors", "biases"] as const) {
      let largest = 0;
      for (const [row, weights] of before[part].entries()) {
        for (const [d, weight] of weights.entries()) {
          const lossAt = (moved: number): number => {
            weights[d] = moved;
            const sum = lossByPairs(fields, before, loss, examples);
            weights[d] = weight;
            return sum;
          };
          const difference = (lossAt(weight + 1e-6) - lossAt(weight - 1e-6)) / 2e-6;
          const taken = weight - at(at(after[part], row), d);
          expect(Math.abs(taken - difference), `${part} ${row}, ${d}`).toBeLessThan(5e-6 * (1 + Math.abs(difference)));
          largest = Math.max(largest, Math.abs(difference));
        }
      }
      expect(largest).toBeGreaterThan(0.1);
    }
  });

  test("is what the network's first step goes down: Adam's has the sign of the gradient, and the rate's size", () => {
    const examples = someExamples(new Random(seed), 12);
    using model = new DeepFM({ fields, dim: 4, init: wide, intercept: 0, hidden: [6, 4], layerRate: 0.01 });
    const before = weightsOf(model);
    model.partialFit(examples);
    const after = weightsOf(model);
    let moved = 0;
    for (const [number, layer] of before.layers.entries()) {
      for (const [unit, weights] of layer.entries()) {
        for (const [d, weight] of weights.entries()) {
          const lossAt = (value: number): number => {
            weights[d] = value;
            const sum = lossByPairs(fields, before, "logistic", examples);
            weights[d] = weight;
            return sum;
          };
          const slope = (lossAt(weight + 1e-6) - lossAt(weight - 1e-6)) / 2e-6 / 12;
          const step = at(at(at(after.layers, number), unit), d) - weight;
          // Adam's first step is -rate * g / (|g| + eps).
          if (Math.abs(slope) > 1e-4) {
            expect(step, `layer ${number}, unit ${unit}, ${d}`).toBeCloseTo(-0.01 * Math.sign(slope), 4);
            moved += 1;
          } else if (slope === 0) expect(step).toBe(0);
        }
      }
    }
    expect(moved).toBeGreaterThan(50);
  });
});

describe("the intercept", () => {
  const columns = { user: [1, 2, 3, 4] };
  test.each<[string, MachineOptions["loss"], number[], number[] | undefined, number]>([
    ["log-odds", "logistic", [1, 0, 0, 0], undefined, Math.log(1 / 3)],
    ["log-odds of weights", "logistic", [1, 0, 0, 0], [4, 1, 0.5, 0.5], Math.log(2)],
    ["half a label of the kind that is missing", "logistic", [0, 0, 0, 0], undefined, Math.log(0.5 / 4)],
    ["the same with weights", "logistic", [1, 1, 1, 0], [1, 1, 1, 0.25], Math.log(3 / 0.5)],
    ["the mean", "squared", [1, 2, 4, 9], undefined, 4],
    ["the mean with weights", "squared", [1, 2, 4, 8], [1, 0, 1, 2], 21 / 4],
  ])("is %s of the first data", (_, loss = "logistic", labels, weights, expected) => {
    using model = new FactorizationMachine({ fields: { user: 5 }, loss });
    expect(model.intercept).toBeNaN();
    model.partialFit({ columns, labels, ...(weights && { weights: Float32Array.from(weights) }) });
    expect(model.intercept).toBeCloseTo(expected, 12);
    const first = model.intercept;
    model.partialFit({ columns, labels: [1, 1, 1, 1] });
    expect(model.intercept).toBe(first);
  });

  test("is what was given, whatever the data", () => {
    using model = new FactorizationMachine({ fields: { user: 5 }, intercept: 0.75 });
    model.partialFit({ columns, labels: [1, 0, 0, 0] });
    expect(model.intercept).toBe(0.75);
  });

  test("waits for data that weigh something", () => {
    using model = new FactorizationMachine({ fields: { user: 5 } });
    expect(model.partialFit({ columns, labels: [1, 1, 1, 1], weights: new Float32Array(4) })).toBeNaN();
    expect(model.intercept).toBeNaN();
    model.partialFit({ columns, labels: [1, 0, 0, 1] });
    expect(model.intercept).toBe(0);
  });
});

describe("missing values and examples without any", () => {
  test("a field that is missing everywhere might as well not be there", () => {
    const [user, labels] = [
      [1, 2, 1],
      [1, 0, 0],
    ];
    using with_ = new FactorizationMachine({ fields: { user: 5, film: 4 } });
    using without = new FactorizationMachine({ fields: { user: 5 } });
    with_.partialFit({ columns: { user, film: { values: [], offsets: [0, 0, 0, 0] } }, labels });
    without.partialFit({ columns: { user }, labels });
    expectSameElements("weight", with_.vectors.lookup(everyId(5)), without.vectors.lookup(everyId(5)));
    expect(with_.biases.tallies(Uint32Array.of(5, 6, 7, 8))).toEqual(new Float64Array(4));
  });

  test("an example without values is predicted by the intercept", () => {
    using model = new FactorizationMachine({ fields: { user: 5 }, loss: "squared", intercept: 2.5 });
    expect([...model.predict({ columns: { user: { values: [1], offsets: [0, 0, 1, 1] } } })]).toEqual([2.5, 2.5, 2.5]);
  });

  test.each(kinds)("a batch without examples is no step: %s", (_, create) => {
    using model = create();
    const none = someExamples(new Random(seed), 0);
    for (let round = 0; round < 2; round += 1) {
      const before = model.fingerprint();
      expect(model.partialFit(none)).toBeNaN();
      expect(model.predict(none)).toHaveLength(0);
      expect(model.fingerprint()).toBe(before);
      model.partialFit(someExamples(new Random(seed), 20));
    }
  });
});

describe(`with a vocabulary (seed ${seed})`, () => {
  /** The same examples, with keys in place of ids. */
  function keyed({ columns, ...others }: Examples): Examples {
    const keysOf = (column: Column): Column => {
      if ("offsets" in column) return { ...column, values: Array.from(column.values, (id) => `v${id}`) };
      return column instanceof Float32Array ? column : Array.from(column, (id) => `v${id}`);
    };
    return {
      ...others,
      columns: Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, keysOf(column)])),
    };
  }

  test.each(kinds)("keys have rows as they come, and are learned as ids are: %s", (_, create) => {
    const batches = [40, 100, 3].map((count) => someExamples(new Random(seed + count), count));
    using ids = create();
    const keyFields = Object.fromEntries(
      Object.entries(fields).map(([name, { rows: _, ...field }]: [string, FieldOptions]) => [name, field]),
    );
    using keys = create({ fields: keyFields, vocabulary: { capacity: 100 } });
    for (const batch of batches) {
      // The first weights of a row are its number's, so those of the model with ids are copied.
      copyFirst(ids, keys, keyed(batch), batch);
      expect(keys.partialFit(keyed(batch))).toBe(ids.partialFit(batch));
      expectSameElements("prediction", keys.predict(keyed(batch)), ids.predict(batch));
    }
  });

  /** Gives each key that is new the weights that its id has. */
  function copyFirst(ids: Machine, keys: Machine, newer: Examples, batch: Examples): void {
    for (const [name, field] of Object.entries<FieldOptions>(fields)) {
      const [column, own] = [newer.columns[name], batch.columns[name]];
      if (column === undefined || own === undefined) continue;
      const values = [column, own].map((given) => ("offsets" in given ? given.values : given)) as [Key[], Uint32Array];
      const seen = new Set<Key>();
      for (const [index, key] of (field.numeric ? [0] : values[0]).entries()) {
        if (seen.has(key)) continue;
        seen.add(key);
        const from = ids.rowsOf(name, field.numeric ? [0] : [at(values[1], index)]);
        const text = field.numeric ? name : `${name}=${key}`;
        if (keys.vocabulary?.lookup([text])[0] !== 0) continue;
        const to = keys.vocabulary.rows([text]);
        keys.vectors.setRows(to, ids.vectors.lookup(from));
      }
    }
  }
});
