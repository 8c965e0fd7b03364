/** The portable functions against the engine's own, which may differ from the true values in the last bit. */
import { describe, expect, test } from "vitest";
import { Random } from "../../src/models/random.js";
import { exp, log, power, sigmoid } from "../../src/synthetic/portable-math.js";

const ulp = 2 ** -52;
const random = new Random(5, "arguments");
const between = (low: number, high: number) => low + (high - low) * random.uniform();

describe("The exponential", () => {
  test("is the engine's to two units in the last place", () => {
    for (let trial = 0; trial < 20_000; trial++) {
      const x = trial % 2 ? between(-708, 709) : between(-3, 3);
      expect(Math.abs(exp(x) / Math.exp(x) - 1), `exp(${x})`).toBeLessThanOrEqual(2 * ulp);
    }
  });

  test("is exact at 0, infinite above the greatest number and 0 below the least", () => {
    expect([0, -0, 710, Number.POSITIVE_INFINITY, -709, Number.NEGATIVE_INFINITY].map(exp)).toEqual([
      1,
      1,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      0,
      0,
    ]);
    expect(exp(Number.NaN)).toBeNaN();
  });
});

describe("The logarithm", () => {
  test("is the engine's to two units in the last place", () => {
    for (let trial = 0; trial < 20_000; trial++) {
      const x = trial % 2 ? Math.exp(between(-700, 700)) : between(0.5, 2);
      expect(Math.abs(log(x) - Math.log(x)), `log(${x})`).toBeLessThanOrEqual(2 * ulp * Math.abs(Math.log(x)));
    }
  });

  test("is 0 at 1, and refuses what has none", () => {
    expect(log(1)).toBe(0);
    for (const x of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => log(x)).toThrow(RangeError);
  });
});

test("A power is the engine's to what a rounded logarithm leaves", () => {
  for (let trial = 0; trial < 5000; trial++) {
    const [base, exponent] = [between(1, 20_000), between(-2, 2)];
    expect(Math.abs(power(base, exponent) / base ** exponent - 1)).toBeLessThan(32 * ulp);
  }
  expect(power(7, 0)).toBe(1);
});

test("The sigmoid is one half at 0 and symmetric, and never leaves [0, 1]", () => {
  expect(sigmoid(0)).toBe(0.5);
  expect(sigmoid(2) + sigmoid(-2)).toBeCloseTo(1, 15);
  expect([-1000, 1000].map(sigmoid)).toEqual([0, 1]);
});
