/** How `fit` goes about it: order, validation, early stopping, progress, stopping and what it tells afterwards. */
import {
  type Examples,
  FactorizationMachine,
  type FitOptions,
  type FitProgress,
  type History,
  type Machine,
  type MachineOptions,
  select,
} from "tallygrad/models";
import { describe, expect, test } from "vitest";
import { at } from "../oracle/at.js";
import { expectModelUnchanged, fields, part, pieces, someExamples } from "./support/machines.js";
import { Random, seed } from "./support/random.js";

const examples = someExamples(new Random(seed), 240);
const sgd = { type: "sgd", lr: 0.1 } as const;

function machine(options: Partial<MachineOptions> = {}): FactorizationMachine {
  return new FactorizationMachine({ fields, dim: 4, optimizer: sgd, ...options });
}

/** A model that has been fitted, and what came of it. */
async function fitted(options: FitOptions, data: Examples | Examples[] = examples, own: Partial<MachineOptions> = {}) {
  const model = machine(own);
  const history = await model.fit(data, options);
  return { model, history, print: model.fingerprint() };
}

/** Steps by hand: on the positions of an epoch, `batchSize` at a time. */
function stepBy(model: Machine, order: Uint32Array, batchSize: number): number[] {
  const losses: number[] = [];
  for (let start = 0; start < order.length; start += batchSize) {
    losses.push(model.partialFit(select(examples, order.subarray(start, start + batchSize))));
  }
  return losses;
}

const inOrder = Uint32Array.from({ length: 240 }, (_, position) => position);

describe("order", () => {
  test("one epoch takes examples as they come", async () => {
    using model = machine({ intercept: 0 });
    stepBy(model, inOrder, 64);
    expect((await fitted({ batchSize: 64 }, examples, { intercept: 0 })).print).toBe(model.fingerprint());
  });

  test("several epochs without shuffling are one after the other", async () => {
    using model = machine({ intercept: 0 });
    for (let epoch = 0; epoch < 3; epoch += 1) stepBy(model, inOrder, 100);
    const options = { epochs: 3, batchSize: 100, shuffle: false };
    expect((await fitted(options, examples, { intercept: 0 })).print).toBe(model.fingerprint());
  });

  test("is shuffled if there are several epochs, by the seed, and each example is taken once an epoch", async () => {
    const [own, same] = [await fitted({ epochs: 2, batchSize: 32 }), await fitted({ epochs: 2, batchSize: 32 })];
    expect(own.print).toBe(same.print);
    const others = [
      await fitted({ epochs: 2, batchSize: 32, shuffle: false }),
      await fitted({ epochs: 2, batchSize: 32 }, examples, { seed: 1, init: { type: "zeros" } }),
      await fitted({ epochs: 2, batchSize: 32 }, examples, { seed: 2, init: { type: "zeros" } }),
    ];
    expect(new Set([own, ...others].map(({ print }) => print)).size).toBe(4);
    expect(own.model.vectors.tallies()).toEqual(at(others, 0).model.vectors.tallies());
  });

  test("differs from epoch to epoch", async () => {
    // A row an example: what an epoch of SGD leaves in the vocabulary of rows is the order of keys.
    const columns = { key: Array.from({ length: 100 }, (_, index) => `k${index}`) };
    const labels = new Float32Array(100);
    const eviction = { type: "least-recent" } as const;
    const orders = await Promise.all(
      [1, 2].map(async (epochs) => {
        const model = new FactorizationMachine({ fields: { key: {} }, dim: 1, vocabulary: { capacity: 12, eviction } });
        await model.fit({ columns, labels }, { epochs, batchSize: 1, shuffle: true });
        return Array.from({ length: 11 }, (_, row) => model.vocabulary?.key(row + 1));
      }),
    );
    expect(orders[0]).not.toEqual(orders[1]);
  });

  test("an earlier epoch does not depend on how many follow", async () => {
    const told: string[] = [];
    const model = machine();
    const options = { epochs: 4, batchSize: 80, validation: part(examples, 0, 10) };
    await model.fit(examples, {
      ...options,
      onProgress: ({ validation }) => validation && told.push(model.fingerprint()),
    });
    expect(told).toHaveLength(4);
    expect((await fitted({ epochs: 2, batchSize: 80, shuffle: true })).print).toBe(told[1]);
  });
});

describe("validation", () => {
  test("a share is drawn by the seed, not trained on, and evaluated on", async () => {
    const columns = { number: inOrder };
    const { labels } = examples;
    const run = async (seed: number) => {
      using model = new FactorizationMachine({ fields: { number: 240 }, seed });
      const { validation, examples } = await model.fit({ columns, labels }, { validation: 0.2, epochs: 2 });
      expect([validation.length, validation[0]?.trained, examples]).toEqual([2, 192, 384]);
      const tallies = model.vectors.tallies();
      expect(tallies.filter((tally) => tally === 0)).toHaveLength(48);
      expect(tallies.filter((tally) => tally === 2)).toHaveLength(192);
      const held = inOrder.filter((number) => tallies[number] === 0);
      const metrics = await model.evaluate(select({ columns, labels }, held));
      expect(validation[1]).toEqual({ trained: 384, ...metrics });
      return held;
    };
    expect(await run(1)).toEqual(await run(1));
    expect(await run(1)).not.toEqual(await run(2));
  });

  test.each<[number, number, number[]]>([
    [1, 3, [240, 480, 720]],
    [0.5, 2, [120, 240, 360, 480]],
    [0.25, 1, [60, 120, 180, 240]],
    [2, 5, [480, 960]],
    [0.1, 1, [24, 48, 72, 96, 120, 144, 168, 192, 216, 240]],
    [7, 2, []],
  ])("every %d epochs, in %d of them", async (validateEvery, epochs, expected) => {
    const options = { epochs, validateEvery, batchSize: 12, validation: part(examples, 0, 20) };
    const { history } = await fitted(options);
    expect(history.validation.map(({ trained }) => trained)).toEqual(expected);
    // Where pieces begin is not known before an epoch's end, so the first evaluation may come later.
    const inPieces = await fitted(options, pieces(examples, 60));
    expect(inPieces.history.validation.map(({ trained }) => trained)).toEqual(expected.filter((due) => due >= 240));
  });

  test("is due where a product is rounded up, too", async () => {
    // 0.07 * 100 is 7.000000000000001.
    const hundred = part(examples, 0, 100);
    const { history } = await fitted({ validateEvery: 0.07, batchSize: 7, validation: hundred }, hundred);
    const due = Array.from({ length: 14 }, (_, index) => 7 * (index + 1));
    expect(history.validation.map(({ trained }) => trained)).toEqual(due);
  });

  test("changes nothing", async () => {
    const options = { epochs: 2, batchSize: 50 };
    const { print } = await fitted({ ...options, validation: part(examples, 0, 20), validateEvery: 0.3 });
    expect(print).toBe((await fitted(options)).print);
  });
});

describe("early stopping", () => {
  /** Labels that have nothing to do with the examples', so that training makes them worse. */
  const contrary: Examples = { ...examples, labels: Float32Array.from(examples.labels, (label) => 1 - label) };

  test("takes the model back to where the loss was lowest", async () => {
    const options = { epochs: 9, batchSize: 60, validation: contrary, shuffle: true };
    const { history, print } = await fitted({ ...options, earlyStopping: true });
    expect(history.best).toBe(0);
    expect(history.validation.map(({ trained }) => trained)).toEqual([240, 480, 720]);
    const losses = history.validation.map(({ loss }) => loss);
    expect(Math.min(...losses)).toBe(losses[0]);
    expect(history.examples).toBe(720);
    const once = machine();
    await once.fit(examples, { ...options, epochs: 1 });
    expect(print).toBe(once.fingerprint());
  });

  test.each([
    [0.5, 2],
    [1, 2],
    [3, 4],
  ])("with patience %d there are %d evaluations", async (patience, evaluations) => {
    const options = { epochs: 9, batchSize: 60, validation: contrary, earlyStopping: { patience } };
    expect((await fitted(options)).history.validation).toHaveLength(evaluations);
    expect((await fitted(options, pieces(examples, 120))).history.validation).toHaveLength(evaluations);
  });

  test("is back at the lowest loss, too, where it went on to the end", async () => {
    const options = { epochs: 4, batchSize: 60, validation: examples, shuffle: true };
    const { history, print } = await fitted({ ...options, earlyStopping: true });
    const losses = history.validation.map(({ loss }) => loss);
    expect(losses).toHaveLength(4);
    const best = losses.indexOf(Math.min(...losses));
    expect(history.best).toBe(best);
    expect(print).toBe((await fitted({ ...options, epochs: best + 1 })).print);
  });

  test("leaves tables that somebody holds as they are: the same, and not disposed of", async () => {
    const model = machine();
    const { vectors, biases } = model;
    await model.fit(examples, { epochs: 9, validation: contrary, earlyStopping: true });
    expect([model.vectors, model.biases]).toEqual([vectors, biases]);
    expect(vectors.fingerprint()).toBe(model.vectors.fingerprint());
    model.partialFit(examples);
    expect(biases.step).toBe(2);
  });

  test("takes the vocabulary back, too", async () => {
    const keys = (epoch: number): string[] =>
      Array.from({ length: 240 }, (_, index) => `k${(index * 7 + epoch * 31) % 97}`);
    const data = (epoch: number): Examples => ({ columns: { key: keys(epoch) }, labels: examples.labels });
    const options = { fields: { key: {} }, vocabulary: { capacity: 30, eviction: { type: "least-recent" } } } as const;
    const run = async (epochs: number, fit: FitOptions) => {
      const model = new FactorizationMachine({ ...options, optimizer: sgd });
      const history = await model.fit(data(0), { batchSize: 16, shuffle: false, epochs, ...fit });
      return { model, history };
    };
    const validation = { ...data(0), labels: contrary.labels };
    const { model, history } = await run(8, { validation, earlyStopping: true });
    expect(history.best).toBe(0);
    const once = (await run(1, {})).model;
    expect(model.fingerprint()).toBe(once.fingerprint());
    for (const one of [model, once]) one.partialFit(data(1));
    expect(model.fingerprint()).toBe(once.fingerprint());
  });
});

describe("progress and history", () => {
  test("tell of every evaluation, and how far it is", async () => {
    const told: FitProgress[] = [];
    const options = { epochs: 2, batchSize: 48, validateEvery: 0.5, validation: part(examples, 0, 30) };
    const { history } = await fitted({ ...options, onProgress: (progress) => told.push(progress) });
    const evaluations = told.filter(({ validation }) => validation !== undefined);
    expect(evaluations.map(({ epoch, epochs, examples, total }) => [epoch, epochs, examples, total])).toEqual([
      [1, 2, 144, 480],
      [1, 2, 240, 480],
      [2, 2, 384, 480],
      [2, 2, 480, 480],
    ]);
    for (const [index, { validation, rate }] of evaluations.entries()) {
      const { examples: _, ...metrics } = validation ?? { examples: 0 };
      expect(history.validation[index]).toMatchObject(metrics);
      expect(rate).toBeGreaterThan(0);
    }
  });

  test("losses are means of those before each step", async () => {
    using model = machine({ intercept: 0 });
    const losses = [...stepBy(model, inOrder, 80), ...stepBy(model, inOrder, 80)];
    const options = { epochs: 2, batchSize: 80, shuffle: false };
    const { history } = await fitted(options, examples, { intercept: 0 });
    expect(history.training.map(({ examples }) => examples)).toEqual([80, 160, 240, 320, 400, 480]);
    expect(history.training.map(({ loss }) => loss)).toEqual(losses);
    const told: FitProgress[] = [];
    const validation = part(examples, 0, 10);
    await fitted({ ...options, validation, onProgress: (progress) => told.push(progress) }, examples, { intercept: 0 });
    const mean = (from: number): number => losses.slice(from, from + 3).reduce((sum, loss) => sum + loss, 0) / 3;
    expect(at(told, 0).loss).toBeCloseTo(mean(0), 12);
    expect(at(told, 1).loss).toBeCloseTo(mean(3), 12);
  });

  test("losses are weighted", async () => {
    const weighted = { ...examples, weights: Float32Array.from(examples.labels, (label) => (label === 1 ? 3 : 0)) };
    const { history } = await fitted({}, weighted, { intercept: 0 });
    using model = machine({ intercept: 0 });
    const positive = inOrder.filter((position) => examples.labels[position] === 1);
    const expected = (await model.evaluate(select(examples, positive))).loss;
    expect(history.training).toHaveLength(1);
    expect(history.training[0]?.loss).toBeCloseTo(expected, 6);
  });

  test("the history has some hundred points an epoch, examples and a rate", async () => {
    const { history } = await fitted({ epochs: 3, batchSize: 1 });
    expect(history.training.length).toBeGreaterThanOrEqual(200);
    expect(history.training.length).toBeLessThanOrEqual(360);
    expect([history.examples, history.best, history.validation]).toEqual([720, undefined, []]);
    expect(history.rate).toBeGreaterThan(0);
  });
});

describe("stopping", () => {
  test("by a signal: between two steps, with its reason, and the model is as far as it came", async () => {
    const [model, controller, reason] = [machine(), new AbortController(), new Error("enough")];
    let seen = 0;
    const onProgress = ({ examples, validation }: FitProgress): void => {
      if (validation === undefined) return;
      seen = examples;
      controller.abort(reason);
    };
    const options = { epochs: 3, batchSize: 60, validateEvery: 0.5, validation: part(examples, 0, 5), shuffle: false };
    await expect(model.fit(examples, { ...options, signal: controller.signal, onProgress })).rejects.toBe(reason);
    expect(seen).toBe(120);
    expect(model.vectors.step).toBe(2);
    const other = machine();
    await expect(other.fit(examples, { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(other.vectors.step).toBe(0);
    expect(other.intercept).toBeNaN();
    await model.fit(examples);
    expect(model.vectors.step).toBe(3);
  });

  test("by a signal while it waits, in memory and in pieces", async () => {
    for (const data of [examples, pieces(examples, 24)]) {
      const [model, controller] = [machine(), new AbortController()];
      const training = model.fit(data, { epochs: 100_000, batchSize: 24, signal: controller.signal });
      setTimeout(() => controller.abort(new Error("enough")), 30);
      await expect(training).rejects.toThrow("enough");
      expect(model.vectors.step).toBeGreaterThan(0);
    }
  });

  test("closes what pieces come from", async () => {
    let closed = false;
    const source = (function* () {
      try {
        yield* pieces(examples, 24);
      } finally {
        closed = true;
      }
    })();
    await expect(machine().fit(source, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    expect(closed).toBe(true);
  });

  test("by what onProgress throws", async () => {
    const model = machine();
    const onProgress = (): void => {
      throw new Error("no more");
    };
    const options = { epochs: 3, batchSize: 60, validation: part(examples, 0, 5) };
    await expect(model.fit(examples, { ...options, onProgress })).rejects.toThrow("no more");
    expect(model.vectors.step).toBe(4);
    await model.fit(examples);
  });

  test("by what the data throw, after the steps so far", async () => {
    const model = machine();
    const source = {
      async *[Symbol.asyncIterator]() {
        yield part(examples, 0, 100);
        throw new Error("torn");
      },
    };
    await expect(model.fit(source)).rejects.toThrow("torn");
    expect(model.vectors.step).toBe(1);
    await model.fit(examples);
  });
});

test("a model that was never trained predicts by its first weights, and has no intercept", async () => {
  using model = machine({ loss: "squared", init: { type: "zeros" } });
  expect(model.intercept).toBeNaN();
  expect(model.predict(examples).every((value) => value === 0)).toBe(true);
  const history: History = await model.fit(examples);
  expect(history.training).toHaveLength(1);
  expect(model.intercept).toBeCloseTo(Array.from(examples.labels).filter((label) => label === 1).length / 240, 12);
});

test("data that are empty are refused, in memory and in pieces", async () => {
  using model = machine();
  for (const data of [part(examples, 0, 0), [], [part(examples, 0, 0)]]) {
    await expectModelUnchanged(model, () => model.fit(data), { code: "ERR_OPTION_VALUE", mentions: ["data"] });
  }
});
