/** The oracle's numbers of 16 bits, against the bits that make them. */
import { describe, expect, test } from "vitest";
import { at } from "./at.js";
import { roundAtRandom, roundToNearest } from "./narrow.js";
import { philox } from "./philox.js";

function nearest(x: number, type: "f16" | "bf16"): number {
  const row = Float32Array.of(x);
  roundToNearest(row, type);
  return at(row, 0);
}

/** Every pattern of 16 bits that is a finite number of at least 0, and what it stands for. */
function halves(): number[] {
  return Array.from({ length: 0x7c00 }, (_, bits) => {
    const [exponent, fraction] = [bits >>> 10, bits & 0x3ff];
    return exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  });
}

describe("to nearest", () => {
  test("f16: numbers of the type stay, and those between go to the nearer, or to even", () => {
    const numbers = halves();
    for (let i = 0; i + 1 < numbers.length; i += 7) {
      const [lower, upper] = [at(numbers, i), at(numbers, i + 1)];
      const middle = (lower + upper) / 2;
      expect(nearest(lower, "f16")).toBe(lower);
      expect(nearest(-middle, "f16")).toBe(i % 2 === 0 ? -lower : -upper);
      expect(nearest(middle + (upper - lower) / 64, "f16")).toBe(upper);
      expect(nearest(middle - (upper - lower) / 64, "f16")).toBe(lower);
    }
  });

  test("f16: from 65,520 on there is infinity", () => {
    expect(nearest(65_519.99, "f16")).toBe(65_504);
    expect(nearest(65_520, "f16")).toBe(Number.POSITIVE_INFINITY);
    expect(nearest(-3e38, "f16")).toBe(Number.NEGATIVE_INFINITY);
  });

  test("bf16: the upper half of the bits, with the lower half rounded into it", () => {
    const bits = new Uint32Array(1);
    const float = new Float32Array(bits.buffer);
    for (let word = 0; word < 0x7f80_0000; word += 123_457) {
      bits[0] = word;
      const x = at(float, 0);
      bits[0] = (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff_0000;
      expect(nearest(x, "bf16")).toBe(at(float, 0));
      expect(nearest(-x, "bf16")).toBe(-at(float, 0));
    }
  });

  test("what is no number stays", () => {
    expect(nearest(Number.NaN, "f16")).toBeNaN();
    expect(nearest(Number.NEGATIVE_INFINITY, "bf16")).toBe(Number.NEGATIVE_INFINITY);
    expect(nearest(-0, "bf16")).toBe(-0);
  });
});

describe("at random", () => {
  const draw = { seed: 5 * 2 ** 32 + 7, row: 9, step: 2 ** 32 + 3, part: 1 };

  test("elements 0 to 63 take halves of words of eight blocks, and the next 64 of the next eight", () => {
    const dim = 70;
    const random = (block: number, word: number, upper: boolean): number => {
      const drawn = at(philox([9, block, 3, 1], 7, 5), word);
      return upper ? drawn >>> 16 : drawn & 0xffff;
    };
    // Part 1 begins at block 16, as two groups of eight serve 70 elements; elements 0, 9, 63 and 65.
    const expected: [d: number, bits: number][] = [
      [0, random(16, 0, false)],
      [9, random(16 + 1, 0, true)],
      [63, random(16 + 7, 3, true)],
      [65, random(16 + 8 + 1, 0, false)],
    ];
    for (const [d, bits] of expected) {
      for (const [fraction, result] of [
        [2 ** 16 - bits, 1 + 2 ** -7],
        [2 ** 16 - bits - 1, 1],
      ] as const) {
        const row = new Float32Array(dim).fill(1 + fraction * 2 ** -23);
        roundAtRandom(row, "bf16", draw);
        expect(row[d]).toBe(result);
      }
    }
  });

  test("numbers of the type stay", () => {
    const row = Float32Array.from(halves().filter((_, i) => i % 31 === 0));
    const kept = row.slice();
    roundAtRandom(row, "f16", draw);
    expect(row).toEqual(kept);
  });
});
