/** Zipf draws against the probabilities that define them. Seeds are fixed, so these tests cannot fail by chance. */
import { describe, expect, test } from "vitest";
import { Random } from "../../src/models/random.js";
import { at } from "../../src/synthetic/at.js";
import { Zipf, zipfProbabilities } from "../../src/synthetic/zipf.js";

const draws = 200_000;

describe.each([
  { size: 3, exponent: 0.8 },
  { size: 27, exponent: 0.7 },
  { size: 105, exponent: 1.2 },
  { size: 1460, exponent: 1.1 },
])("Zipf over $size ranks with exponent $exponent", ({ size, exponent }) => {
  test("draws each rank as often as its probability says (chi-square, below the 99.9th percentile)", () => {
    const zipf = new Zipf(size, exponent);
    const random = new Random(11, `chi-square ${size}`);
    const counts = new Uint32Array(size);
    for (let draw = 0; draw < draws; draw++) {
      const rank = zipf.draw(random);
      counts[rank] = at(counts, rank) + 1;
    }
    const expected = zipfProbabilities(size, exponent).map((probability) => probability * draws);
    expect(Math.min(...expected)).toBeGreaterThan(5);
    const chiSquare = counts.reduce(
      (sum, count, rank) => sum + (count - at(expected, rank)) ** 2 / at(expected, rank),
      0,
    );
    expect(chiSquare).toBeLessThan(chiSquareQuantile(size - 1));
  });
});

describe("Zipf probabilities", () => {
  test("fall as a power of the rank, counted from 1, and sum to 1", () => {
    const probabilities = zipfProbabilities(4, 1);
    // 1 + 1/2 + 1/3 + 1/4 = 25/12
    expect([...probabilities]).toEqual([12 / 25, 6 / 25, 4 / 25, 3 / 25].map((value) => expect.closeTo(value, 15)));
  });

  test("of exponent 0 are all the same", () => {
    expect([...zipfProbabilities(5, 0)]).toEqual(new Array(5).fill(expect.closeTo(0.2, 15)));
  });
});

test("A Zipf distribution over a single rank draws it always", () => {
  const random = new Random(1, "single");
  expect(new Zipf(1, 1).draw(random)).toBe(0);
});

/** The 99.9th percentile by Wilson and Hilferty's approximation; 3.0902 is the normal quantile. */
function chiSquareQuantile(freedom: number): number {
  return freedom * (1 - 2 / (9 * freedom) + 3.0902 * Math.sqrt(2 / (9 * freedom))) ** 3;
}
