/** metricsOf: against scikit-learn, against sums over all pairs, and where a formula's answer can be told. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Metrics } from "../../models.js";
import { metricsOf } from "../../src/models/metrics.js";

interface Case {
  name: string;
  loss: "logistic" | "squared";
  predictions: number[];
  labels: number[];
  weights?: number[];
  log_loss: number;
  roc_auc: number;
  mean_prediction: number;
  mean_label: number;
  mean_squared_error: number;
  calibration_curve?: { label: number[]; prediction: number[] };
}
const { cases } = JSON.parse(readFileSync(new URL("../vectors/metrics/expected.json", import.meta.url), "utf8")) as {
  cases: Case[];
};

const metricsFor = ({ predictions, labels, weights, loss }: Case): Omit<Metrics, "byCount"> =>
  metricsOf(Float64Array.from(predictions), labels, {
    loss,
    ...(weights && { weights: Float32Array.from(weights) }),
  });

describe("like scikit-learn", () => {
  test.each(cases.filter(({ loss }) => loss === "logistic"))("$name", (case_) => {
    const metrics = metricsFor(case_);
    expect(metrics.examples).toBe(case_.labels.length);
    expect(metrics.loss).toBeCloseTo(case_.log_loss, 12);
    expect(metrics.auc).toBeCloseTo(case_.roc_auc, 12);
    expect(metrics.calibration).toBeCloseTo(case_.mean_prediction / case_.mean_label, 12);
    const curve = case_.calibration_curve;
    if (curve === undefined) return;
    expect(metrics.reliability).toHaveLength(curve.label.length);
    for (const [group, { prediction, label }] of metrics.reliability.entries()) {
      expect(prediction).toBeCloseTo(curve.prediction[group] ?? Number.NaN, 12);
      expect(label).toBeCloseTo(curve.label[group] ?? Number.NaN, 12);
    }
  });

  test.each(cases.filter(({ loss }) => loss === "squared"))("$name", (case_) => {
    const { loss, auc } = metricsFor(case_);
    expect(loss).toBeCloseTo(case_.mean_squared_error / 2, 12);
    expect(auc).toBeUndefined();
  });

  test("with a case for reliability, for ties and for weights", () => {
    expect(cases.some(({ calibration_curve: curve }) => curve !== undefined)).toBe(true);
    expect(cases.some(({ predictions }) => new Set(predictions).size < predictions.length)).toBe(true);
    expect(cases.some(({ weights }) => weights !== undefined)).toBe(true);
  });
});

/** Every pair of a positive and a negative example, counted. */
function pairwiseAuc(predictions: ArrayLike<number>, labels: readonly number[], weights: ArrayLike<number>) {
  let [won, pairs] = [0, 0];
  for (const [i, label] of labels.entries()) {
    for (const [j, other] of labels.entries()) {
      if (label !== 1 || other !== 0) continue;
      const [a = 0, b = 0, weight = 0] = [predictions[i], predictions[j], (weights[i] ?? 0) * (weights[j] ?? 0)];
      pairs += weight;
      won += weight * (a > b ? 1 : a === b ? 0.5 : 0);
    }
  }
  return pairs > 0 ? won / pairs : undefined;
}

/** Predictions among which there are ties, and weights of which some are 0. */
const scored = fc.array(
  fc.record({
    prediction: fc.oneof(fc.constantFrom(0, -0, 0.25, 0.5, 1), fc.float({ min: 0, max: 1, noNaN: true })),
    label: fc.constantFrom(0, 1),
    weight: fc.constantFrom(0, 0.5, 1, 3),
    count: fc.constantFrom(0, 0.5, 1, 2, 3, 4, 7, 8, 1000),
  }),
  { maxLength: 40 },
);

describe("auc", () => {
  test("is the share of pairs in the right order, in float32 and float64, with weights and without", () => {
    fc.assert(
      fc.property(scored, fc.boolean(), fc.boolean(), (examples, isDouble, isWeighted) => {
        const labels = examples.map(({ label }) => label);
        const list = examples.map(({ prediction }) => prediction);
        const predictions = isDouble ? Float64Array.from(list) : Float32Array.from(list);
        const weights = Float32Array.from(examples, ({ weight }) => (isWeighted ? weight : 1));
        const { auc } = metricsOf(predictions, labels, isWeighted ? { weights } : {});
        const expected = pairwiseAuc(predictions, labels, weights);
        if (expected === undefined) expect(auc).toBeUndefined();
        else expect(auc).toBeCloseTo(expected, 12);
      }),
    );
  });

  test("is undefined where all labels are equal, or those of one kind weigh nothing", () => {
    expect(metricsOf(Float32Array.of(0.1, 0.2), [1, 1]).auc).toBeUndefined();
    expect(metricsOf(Float32Array.of(0.1, 0.2), [0, 1], { weights: Float32Array.of(0, 1) }).auc).toBeUndefined();
  });
});

describe("the loss of a probability", () => {
  test("is -log of what was given to the label", () => {
    const { loss } = metricsOf(Float64Array.of(0.8, 0.4), [1, 0]);
    expect(loss).toBeCloseTo((-Math.log(0.8) - Math.log(0.6)) / 2, 15);
  });

  test("is 0 where it is certain and right", () => {
    expect(metricsOf(Float32Array.of(1, 0), [1, 0]).loss).toBe(0);
  });

  test("is finite where it is certain and wrong, and no more than that of any probability that is rounded to it", () => {
    for (const [Class, bits, least] of [
      [Float32Array, 25, 150],
      [Float64Array, 54, 1074],
    ] as const) {
      expect(metricsOf(Class.of(1), [0]).loss).toBeCloseTo(bits * Math.LN2, 10);
      expect(metricsOf(Class.of(0), [1]).loss).toBeCloseTo(least * Math.LN2, 10);
    }
    // A logit of 20 is a probability of 1 in float32.
    const probability = Math.fround(1 / (1 + Math.exp(-20)));
    expect(probability).toBe(1);
    expect(metricsOf(Float32Array.of(probability), [0]).loss).toBeLessThan(20);
  });

  test("is exact for small probabilities in float32", () => {
    expect(metricsOf(Float32Array.of(1e-30), [1]).loss).toBeCloseTo(-Math.log(Math.fround(1e-30)), 12);
  });
});

describe("weights", () => {
  test("count an example as often as they say", () => {
    const weighted = metricsOf(Float64Array.of(0.1, 0.4, 0.4, 0.9), [0, 1, 0, 1], {
      weights: Float32Array.of(3, 1, 2, 2),
    });
    const repeated = metricsOf(Float64Array.of(0.1, 0.1, 0.1, 0.4, 0.4, 0.4, 0.9, 0.9), [0, 0, 0, 1, 0, 0, 1, 1]);
    expect(weighted.loss).toBeCloseTo(repeated.loss, 14);
    expect(weighted.auc).toBe(repeated.auc);
    expect(weighted.calibration).toBeCloseTo(repeated.calibration, 14);
  });
});

describe("calibration", () => {
  test("is above 1 where predictions are too high", () => {
    expect(metricsOf(Float64Array.of(0.5, 0.75), [0, 1]).calibration).toBe(1.25);
  });

  test("is infinite where no label is positive", () => {
    expect(metricsOf(Float64Array.of(0.5), [0]).calibration).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("reliability", () => {
  test("has ten groups by rising prediction, which differ by one example at most", () => {
    const predictions = Float32Array.from({ length: 105 }, (_, i) => ((i * 37) % 105) / 105);
    const labels = Array.from(predictions, (_, i) => i % 2);
    const { reliability } = metricsOf(predictions, labels);
    expect(reliability).toHaveLength(10);
    expect(new Set(reliability.map(({ examples }) => examples))).toEqual(new Set([10, 11]));
    expect(reliability.reduce((sum, { examples }) => sum + examples, 0)).toBe(105);
    const means = reliability.map(({ prediction }) => prediction);
    expect(means).toEqual(means.toSorted((a, b) => a - b));
    const first = predictions.toSorted().subarray(0, reliability[0]?.examples ?? 0);
    expect(means[0]).toBeCloseTo(first.reduce((sum, prediction) => sum + prediction) / first.length, 12);
  });

  test("of numbers takes negative ones first", () => {
    const { reliability } = metricsOf(Float64Array.of(2, -1, 0.5, -3), [2, -1, 0, -2], { loss: "squared" });
    expect(reliability.map(({ prediction, label }) => [prediction, label])).toEqual([
      [-3, -2],
      [-1, -1],
      [0.5, 0],
      [2, 2],
    ]);
  });

  test("has no group without examples", () => {
    expect(metricsOf(Float32Array.of(0.2, 0.1), [0, 1]).reliability).toEqual([
      { examples: 1, prediction: Math.fround(0.1), label: 1 },
      { examples: 1, prediction: Math.fround(0.2), label: 0 },
    ]);
    const nothing = metricsOf(new Float32Array(), []);
    expect(nothing).toMatchObject({ examples: 0, loss: Number.NaN, reliability: [] });
    expect(nothing.auc).toBeUndefined();
  });
});

describe("byCount", () => {
  test("has the classes 0, 1, 2 to 3, 4 to 7 and so on, without empty ones", () => {
    const counts = Float64Array.of(0, 1, 2, 3, 7, 8, 15, 1e6, 0.5);
    const { byCount } = metricsOf(new Float64Array(9).fill(0.5), new Uint8Array(9), { counts });
    expect(byCount.map(({ from, below, examples }) => [from, below, examples])).toEqual([
      [0, 1, 2],
      [1, 2, 1],
      [2, 4, 2],
      [4, 8, 1],
      [8, 16, 2],
      [524288, 1048576, 1],
    ]);
  });

  test("measures each class as if it were alone", () => {
    fc.assert(
      fc.property(scored, (examples) => {
        const take = (chosen: typeof examples) =>
          metricsOf(
            Float64Array.from(chosen, ({ prediction }) => prediction),
            chosen.map(({ label }) => label),
            {
              weights: Float32Array.from(chosen, ({ weight }) => weight || 1),
              counts: Float64Array.from(chosen, ({ count }) => count),
            },
          );
        for (const { from, below, ...rest } of take(examples).byCount) {
          const { loss, auc, examples: number } = take(examples.filter(({ count }) => count >= from && count < below));
          expect(rest.examples).toBe(number);
          expect(rest.loss).toBeCloseTo(loss, 12);
          if (auc === undefined) expect(rest.auc).toBeUndefined();
          else expect(rest.auc).toBeCloseTo(auc, 12);
        }
      }),
    );
  });

  test("is absent without counts", () => {
    expect(metricsOf(Float32Array.of(0.5), [1])).not.toHaveProperty("byCount");
  });
});

describe("refused", () => {
  const half = Float32Array.of(0.5, 0.5);
  test.each<[what: string, call: () => unknown, code: string, says: string]>([
    ["plain predictions", () => metricsOf([0.5] as never, [1]), "ERR_WRONG_CLASS", "is an Array"],
    ["NaN", () => metricsOf(Float32Array.of(0.5, Number.NaN), [1, 1]), "ERR_NON_FINITE", "predictions[1] is NaN"],
    ["more than 1", () => metricsOf(Float64Array.of(1.5), [1]), "ERR_OPTION_VALUE", "predictions[0] must be a prob"],
    ["less than 0", () => metricsOf(Float64Array.of(-0.1), [1]), "ERR_OPTION_VALUE", "is -0.1"],
    ["too few labels", () => metricsOf(half, [1]), "ERR_WRONG_LENGTH", "labels must have 2"],
    ["other labels", () => metricsOf(half, [1, 2]), "ERR_OPTION_VALUE", "labels[1] must be 0 or 1, but is 2"],
    ["no labels", () => metricsOf(half, "10" as never), "ERR_WRONG_CLASS", 'is "10"'],
    ["a hole", () => metricsOf(half, [1, undefined] as never), "ERR_OPTION_VALUE", "labels[1]"],
    [
      "labels that are not finite",
      () => metricsOf(half, [1, Number.POSITIVE_INFINITY], { loss: "squared" }),
      "ERR_OPTION_VALUE",
      "labels[1] must be a finite number, but is Infinity",
    ],
    [
      "negative weights",
      () => metricsOf(half, [1, 0], { weights: Float32Array.of(1, -1) }),
      "ERR_OPTION_VALUE",
      "weights[1] must be finite and at least 0, but is -1",
    ],
    ["plain weights", () => metricsOf(half, [1, 0], { weights: [1, 1] as never }), "ERR_WRONG_CLASS", "weights"],
    ["counts", () => metricsOf(half, [1, 0], { counts: Float64Array.of(1) }), "ERR_WRONG_LENGTH", "counts must have 2"],
    ["another option", () => metricsOf(half, [1, 0], { weight: 1 } as never), "ERR_UNKNOWN_OPTION", "mean weights"],
    ["another loss", () => metricsOf(half, [1, 0], { loss: "log" as never }), "ERR_OPTION_VALUE", '"logistic"'],
  ])("are %s", (_, call, code, says) => {
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringContaining(says) }));
  });
});
