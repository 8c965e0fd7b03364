/** One pass or early stopping, as the data asks for, and training that diverges. */
import { describe, expect, test } from "vitest";
import { at } from "./at.js";
import type { Dataset, Examples } from "./dataset.js";
import { logLoss } from "./metrics.js";
import { Random } from "./random.js";
import { train } from "./training.js";

const recipe = { dim: 2, batch: 16, epochs: 30, seed: 1 };

describe("Training", () => {
  test("without validation examples is a single pass over all examples", async () => {
    const data = makeData({ validation: false });
    const training = await train(data, { type: "tallygrad" }, recipe);
    expect(training?.curve.at(-1)?.examples).toBe(data.train.count);
    expect(training?.model.vectors.step).toBe(Math.ceil(data.train.count / recipe.batch));
    training?.model.dispose();
  });

  test("with them stops four half epochs after the best, and keeps the best weights", async () => {
    const data = makeData({ validation: true });
    const training = await train(data, { type: "sgd", lr: 0.2 }, recipe);
    if (!training || !data.validation) throw new Error("expected a model and validation examples");
    const losses = training.curve.map((point) => point.logLoss);
    const best = losses.indexOf(Math.min(...losses));
    expect(best).toBeLessThan(2 * recipe.epochs - 5);
    expect(losses.length - 1 - best).toBe(4);
    expect(logLoss(training.model.predict(data.validation), data.validation.labels)).toBe(at(losses, best));
    training.model.dispose();
  });

  test("validates twice an epoch, after half of the batches and after all", async () => {
    const training = await train(makeData({ validation: true }), { type: "tallygrad" }, { ...recipe, epochs: 2 });
    // 400 examples are 25 batches of 16: the first half has 13 of them.
    expect(training?.curve.map(({ examples }) => examples)).toEqual([208, 400, 608, 800]);
    training?.model.dispose();
  });

  test("gives the same curve for the same seed", async () => {
    const first = await train(makeData({ validation: true }), { type: "tallygrad" }, { ...recipe, epochs: 2 });
    const second = await train(makeData({ validation: true }), { type: "tallygrad" }, { ...recipe, epochs: 2 });
    expect(first?.curve).toEqual(second?.curve);
    expect(first?.model.vectors.fingerprint()).toBe(second?.model.vectors.fingerprint());
  });

  test("that diverges is no training", async () => {
    expect(await train(makeData({ validation: true }), { type: "sgd", lr: 1e30 }, recipe)).toBeNull();
  });

  test("tells its progress up to the last example", async () => {
    const data = makeData({ validation: false });
    let told = 0;
    await train(data, { type: "tallygrad" }, recipe, (examples) => {
      told = examples;
    });
    expect(told).toBe(data.train.count);
  });
});

/** Labels that follow from nothing, so that longer training only fits noise. */
function makeData({ validation }: { validation: boolean }): Dataset {
  return {
    title: "noise",
    synthetic: true,
    fields: 2,
    rows: 40,
    train: makeExamples(400, "train"),
    validation: validation ? makeExamples(200, "validation") : null,
    test: makeExamples(200, "test"),
  };
}

function makeExamples(count: number, stream: string): Examples {
  const random = new Random(2, stream);
  return {
    count,
    ids: Uint32Array.from({ length: 2 * count }, (_, position) => 20 * (position % 2) + random.below(20)),
    labels: Uint8Array.from({ length: count }, () => random.below(2)),
    trueLogits: null,
  };
}
