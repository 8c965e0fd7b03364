/** The synthetic log has the shape and the moments that its description promises. */
import { describe, expect, test } from "vitest";
import { at } from "./at.js";
import { fields, makeClickLog, plantedDim, plantModel, rows } from "./click-log.js";
import { type Examples, positiveRate } from "./dataset.js";

const seed = 7;
const log = makeClickLog({ seed, trainExamples: 40_000, testExamples: 10_000 });
const model = plantModel(seed);

describe("The synthetic click log", () => {
  test("has 26 fields, the large ones cut to two percent but to no less than 20,000 ids", () => {
    expect(log.fields).toBe(26);
    expect(fields.map(({ size }) => size)).toEqual([
      1460, 583, 202625, 44052, 305, 24, 12517, 633, 3, 20000, 5683, 167032, 3194, 27, 14992, 109226, 10, 5652, 2173, 4,
      140931, 18, 15, 20000, 105, 20000,
    ]);
    expect(rows).toBe(771264);
  });

  test("never shares an id between fields", () => {
    log.train.ids.forEach((id, position) => {
      const { offset, size } = at(fields, position % fields.length);
      if (id < offset || id >= offset + size) throw new Error(`id ${id} at ${position} is not of its field`);
    });
  });

  test("is the same for the same seed, and another for another", () => {
    const options = { trainExamples: 1000, testExamples: 100 };
    const once = makeClickLog({ seed, ...options });
    expect(makeClickLog({ seed, ...options })).toEqual(once);
    expect(makeClickLog({ seed: seed + 1, ...options }).train.ids).not.toEqual(once.train.ids);
  });

  test("says in its title that it is synthetic", () => {
    expect(log.title.toLowerCase()).toContain("synthetic");
  });
});

describe("The planted model", () => {
  test("has biases with standard deviation 1/sqrt(26)", () => {
    expect(deviation([...model.biases]) * Math.sqrt(26)).toBeCloseTo(1, 2);
  });

  test("has an interaction with standard deviation 0.8", () => {
    expect(deviation([...interactions(log.train), ...interactions(log.test)])).toBeCloseTo(0.8, 6);
  });

  test("has as its interaction the pairs' dot products, all scaled alike", () => {
    const found = interactions(log.train).slice(0, 200);
    const pairs = found.map((_, example) => sumOverPairs(log.train, example));
    const scale = at(found, 0) / at(pairs, 0);
    found.forEach((value, example) => {
      expect(value).toBeCloseTo(scale * at(pairs, example), 6);
    });
  });

  test("makes labels as probable as its logits and the noise on them say", () => {
    const expected = mean(trueLogits(log.train).map(probabilityWithNoise));
    const standardError = Math.sqrt(0.25 / log.train.count);
    expect(Math.abs(positiveRate(log.train) - expected)).toBeLessThan(4 * standardError);
  });

  test.each([1, 2, 3])("of seed %i has a base rate that a click log might have", (other) => {
    const { train } = makeClickLog({ seed: other, trainExamples: 5000, testExamples: 1 });
    expect(positiveRate(train)).toBeGreaterThan(0.1);
    expect(positiveRate(train)).toBeLessThan(0.5);
  });
});

function trueLogits(examples: Examples): number[] {
  return [...(examples.trueLogits ?? [])];
}

/** What is left of the true logits without the global bias, -1.2, and the rows' biases. */
function interactions(examples: Examples): number[] {
  return trueLogits(examples).map((logit, example) =>
    idsOf(examples, example).reduce((rest, id) => rest - at(model.biases, id), logit + 1.2),
  );
}

/** The definition of a factorization machine's interaction, pair by pair. */
function sumOverPairs(examples: Examples, example: number): number {
  const ids = [...idsOf(examples, example)];
  return ids.reduce(
    (sum, first, field) => ids.slice(field + 1).reduce((part, second) => part + dot(first, second), sum),
    0,
  );
}

function dot(first: number, second: number): number {
  let sum = 0;
  for (let d = 0; d < plantedDim; d++) {
    sum += at(model.vectors, first * plantedDim + d) * at(model.vectors, second * plantedDim + d);
  }
  return sum;
}

function idsOf(examples: Examples, example: number): Uint32Array {
  return examples.ids.subarray(example * fields.length, (example + 1) * fields.length);
}

/** The mean of sigmoid(logit + 0.3 z) over normal z, by the trapezoidal rule from -6 to 6. */
function probabilityWithNoise(logit: number): number {
  let sum = 0;
  for (let z = -6; z <= 6; z += 0.25) {
    sum += (0.25 * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI) / (1 + Math.exp(-logit - 0.3 * z));
  }
  return sum;
}

function deviation(values: readonly number[]): number {
  const center = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - center) ** 2)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
