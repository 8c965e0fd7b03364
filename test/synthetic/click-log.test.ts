/** The synthetic log has the shape and the moments that its description promises. */
import { describe, expect, test } from "vitest";
import { at } from "../../src/synthetic/at.js";
import {
  type ClickLog,
  fields,
  makeClickLog,
  plantedDim,
  plantModel,
  rows,
  sliceLog,
} from "../../src/synthetic/click-log.js";

const seed = 7;
const log = makeClickLog(seed, 50_000);
const model = plantModel(seed);

describe("The synthetic click log", () => {
  test("has 26 fields, the large ones cut to two percent but to no less than 20,000 ids", () => {
    expect(Object.values(log.fields)).toEqual([
      1460, 583, 202625, 44052, 305, 24, 12517, 633, 3, 20000, 5683, 167032, 3194, 27, 14992, 109226, 10, 5652, 2173, 4,
      140931, 18, 15, 20000, 105, 20000,
    ]);
    expect(rows).toBe(771264);
  });

  test("has only ids that a field has", () => {
    for (const [name, size] of Object.entries(log.fields)) {
      const column = log.examples.columns[name] as Uint32Array;
      expect(column.every((id) => id < size)).toBe(true);
    }
  });

  test("is the same for the same seed, and another for another", () => {
    const once = makeClickLog(seed, 1100);
    expect(makeClickLog(seed, 1100)).toEqual(once);
    expect(makeClickLog(seed + 1, 1100).examples.columns).not.toEqual(once.examples.columns);
  });

  test("can be cut into parts", () => {
    const { examples, trueLogits } = sliceLog(log, 10, 12);
    expect(Array.from(trueLogits)).toEqual(Array.from(log.trueLogits).slice(10, 12));
    expect(Array.from(examples.labels)).toEqual(Array.from(log.examples.labels).slice(10, 12));
    expect(Array.from(examples.columns.C3 as Uint32Array)).toEqual(
      Array.from(log.examples.columns.C3 as Uint32Array).slice(10, 12),
    );
  });
});

describe("The planted model", () => {
  test("has biases with standard deviation 1/sqrt(26)", () => {
    expect(deviation([...model.biases]) * Math.sqrt(26)).toBeCloseTo(1, 2);
  });

  test("has an interaction with standard deviation 0.8", () => {
    expect(deviation(interactions(log))).toBeCloseTo(0.8, 6);
  });

  test("has as its interaction the pairs' dot products, all scaled alike", () => {
    const found = interactions(log).slice(0, 200);
    const pairs = found.map((_, example) => sumOverPairs(log, example));
    const scale = at(found, 0) / at(pairs, 0);
    found.forEach((value, example) => {
      expect(value).toBeCloseTo(scale * at(pairs, example), 6);
    });
  });

  test("makes labels as probable as its logits and the noise on them say", () => {
    const expected = mean(Array.from(log.trueLogits, probabilityWithNoise));
    const standardError = Math.sqrt(0.25 / log.trueLogits.length);
    expect(Math.abs(mean(Array.from(log.examples.labels)) - expected)).toBeLessThan(4 * standardError);
  });

  test.each([1, 2, 3])("of seed %i has a base rate that a click log might have", (other) => {
    const rate = mean(Array.from(makeClickLog(other, 5000).examples.labels));
    expect(rate).toBeGreaterThan(0.1);
    expect(rate).toBeLessThan(0.5);
  });
});

/** What is left of the true logits without the global bias, -1.2, and the rows' biases. */
function interactions(log: ClickLog): number[] {
  return Array.from(log.trueLogits, (logit, example) =>
    idsOf(log, example).reduce((rest, id) => rest - at(model.biases, id), logit + 1.2),
  );
}

/** The definition of a factorization machine's interaction, pair by pair. */
function sumOverPairs(log: ClickLog, example: number): number {
  const ids = idsOf(log, example);
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

/** Rows of the planted model's tables. */
function idsOf({ examples }: ClickLog, example: number): number[] {
  return fields.map(({ offset }, field) => offset + at(examples.columns[`C${field + 1}`] as Uint32Array, example));
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
