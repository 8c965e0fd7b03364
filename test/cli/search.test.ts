import { expect, test } from "vitest";
import { searchRate } from "../../src/compare/search.js";

/** A loss with its lowest point at `best`, infinite above `limit`. */
const valley =
  (best: number, limit = Number.POSITIVE_INFINITY) =>
  async (rate: number): Promise<number> =>
    rate > limit ? Number.NaN : Math.log2(rate / best) ** 2;

test.each([0.001, 0.03, 0.05, 0.4])("finds a lowest point at %d to half a factor of 2", async (best) => {
  const { rate, interior, tried } = await searchRate(0.05, valley(best));
  expect(Math.abs(Math.log2(rate / best))).toBeLessThanOrEqual(0.26);
  expect(interior).toBe(true);
  expect(tried.map((one) => one.rate)).toEqual(tried.map((one) => one.rate).sort((a, b) => a - b));
});

test("goes down from rates that diverge", async () => {
  const { rate, interior } = await searchRate(1, valley(0.02, 0.2));
  expect(rate).toBeCloseTo(0.0221, 3);
  expect(interior).toBe(true);
});

test("says that the lowest point was not inside", async () => {
  expect((await searchRate(1, valley(1e-6))).interior).toBe(false);
  expect((await searchRate(1, async () => Number.POSITIVE_INFINITY)).interior).toBe(false);
});
