/** The generator's promises: repeatable, apart by stream, and with the moments its distributions have. */
import { describe, expect, test } from "vitest";
import { NormalRandom as Random } from "../../src/synthetic/normal-random.js";

const draws = 100_000;

describe("Random", () => {
  test("gives the same numbers for the same seed and stream", () => {
    const first = new Random(5, "a");
    const second = new Random(5, "a");
    expect(Array.from({ length: 20 }, () => first.uint32())).toEqual(Array.from({ length: 20 }, () => second.uint32()));
  });

  test.each([
    ["another seed", new Random(6, "a")],
    ["a seed that differs above 32 bits only", new Random(5 + 2 ** 32, "a")],
    ["another stream", new Random(5, "b")],
  ])("gives other numbers for %s", (_, other) => {
    const random = new Random(5, "a");
    expect(Array.from({ length: 4 }, () => random.uint32())).not.toEqual(
      Array.from({ length: 4 }, () => other.uint32()),
    );
  });

  test("has uniform numbers in [0, 1) with mean 1/2 and variance 1/12", () => {
    const random = new Random(1, "uniform");
    const numbers = Array.from({ length: draws }, () => random.uniform());
    expect(Math.min(...numbers.slice(0, 10_000))).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers.slice(0, 10_000))).toBeLessThan(1);
    expectMoments(numbers, 0.5, 1 / 12);
  });

  test("has normal numbers with mean 0, variance 1 and fourth moment 3", () => {
    const random = new Random(1, "normal");
    const numbers = Array.from({ length: draws }, () => random.normal());
    expectMoments(numbers, 0, 1);
    // The fourth power of a normal number has variance 105 - 9 = 96.
    expect(Math.abs(mean(numbers.map((number) => number ** 4)) - 3)).toBeLessThan(4 * Math.sqrt(96 / draws));
  });

  test("has permutations that hold every index once, and are not the identity", () => {
    const permutation = new Random(1, "permutation").permutation(1000);
    const identity = Uint32Array.from({ length: 1000 }, (_, index) => index);
    expect(permutation.slice().sort()).toEqual(identity);
    expect(permutation).not.toEqual(identity);
  });
});

/** Mean and variance within four standard errors (that of a variance is at most that of a normal sample's). */
function expectMoments(numbers: readonly number[], expectedMean: number, variance: number): void {
  const found = mean(numbers);
  expect(Math.abs(found - expectedMean)).toBeLessThan(4 * Math.sqrt(variance / draws));
  const foundVariance = mean(numbers.map((number) => (number - found) ** 2));
  expect(Math.abs(foundVariance / variance - 1)).toBeLessThan(4 * Math.sqrt(2 / draws));
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
