// biome-ignore-all lint/correctness/noPrecisionLoss: the sources' digits as printed
/** The oracle's random numbers against published vectors, and its logarithm, exponential and cosine against the engine's. */
import { describe, expect, test } from "vitest";
import { drawRow } from "./first-weights.js";
import { exp, expNearZero, log } from "./msun.js";
import { cos } from "./msun-cos.js";
import { CENTRE, normalQuantile, SHOULDER, TAIL } from "./normal.js";
import { philox, type Words } from "./philox.js";

describe("philox agrees with Random123's known answers (kat_vectors)", () => {
  const ones = 0xffffffff;
  const answers: [string, Words, number, number, Words][] = [
    ["zeros", [0, 0, 0, 0], 0, 0, [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    ["ones", [ones, ones, ones, ones], ones, ones, [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
    [
      "digits of pi",
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      0xa4093822,
      0x299f31d0,
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ];
  test.each(answers)("%s", (_name, counter, key0, key1, words) => {
    expect(philox(counter, key0, key1)).toEqual(words);
  });
});

describe("normalQuantile", () => {
  // Wichura's paper gives one value for each of the three ranges, to the 16 digits of the routine's promise.
  test.each([
    [0.25, -0.6744897501960817],
    [0.001, -3.090232306167814],
    [1e-20, -9.262340089798408],
  ])("gives the paper's value at %f", (u, z) => {
    expect(Math.abs(normalQuantile(u) / z - 1)).toBeLessThan(4e-16);
  });

  test("is odd about one half", () => {
    for (const u of [2 ** -33, 2 ** -20, 0.0625, 0.25, 0.46875]) {
      expect(normalQuantile(1 - u)).toBe(-normalQuantile(u));
    }
    expect(normalQuantile(0.5)).toBe(0);
  });

  // The paper prints a hash sum for each group: the sum of its coefficients' significands.
  test.each([
    ["A and B", CENTRE, 55.8831928806149014439],
    ["C and D", SHOULDER, 49.33206503301610289036],
    ["E and F", TAIL, 47.52583317549289671629],
  ])("has coefficients %s whose significands add up to the paper's hash sum", (_name, ratio, hashSum) => {
    const significands = [...ratio.numerator, ...ratio.denominator.slice(1)].map(
      (coefficient) => coefficient / 10 ** Math.floor(Math.log10(coefficient)),
    );
    const sum = significands.reduce((total, significand) => total + significand, 0);
    expect(sum).toBeCloseTo(hashSum, 12);
  });
});

describe("msun's functions", () => {
  test("log is within one unit in the last place of the engine's", () => {
    for (let i = 1; i < 5000; i += 1) {
      const x = i * 0.00021;
      expect(Math.abs(log(x) - Math.log(x))).toBeLessThanOrEqual(2 ** -52 * Math.abs(Math.log(x)));
    }
  });

  test("log takes exact and known values", () => {
    expect(log(1)).toBe(0);
    expect(log(2)).toBe(Math.LN2);
    // 33 log 2 = 22.8738569584781952108..., the smallest draw.
    expect(log(2 ** -33)).toBe(-22.873856958478195);
  });

  test("exp is within one unit in the last place of the engine's", () => {
    for (let i = -1000; i <= 1000; i += 1) {
      const x = (i / 1000) * 0.34657359027997264;
      expect(Math.abs(expNearZero(x) - Math.exp(x))).toBeLessThanOrEqual(2 ** -52 * Math.exp(x));
    }
    expect(expNearZero(0)).toBe(1);
    for (let i = 1; i <= 3500; i += 1) {
      const x = -i * 0.2001;
      expect(Math.abs(exp(x) - Math.exp(x))).toBeLessThanOrEqual(2 ** -52 * Math.exp(x));
    }
  });

  test("exp and log reach as far as numbers do", () => {
    expect(exp(-745)).toBe(2 ** -1074);
    expect(exp(-746)).toBe(0);
    expect(exp(Number.NEGATIVE_INFINITY)).toBe(0);
    expect(log(0)).toBe(Number.NEGATIVE_INFINITY);
    expect(log(2 ** -1074)).toBe(Math.log(2 ** -1074));
  });

  test("cos is within one unit in the last place of the engine's from 0 to pi", () => {
    for (let i = 0; i <= 5000; i += 1) {
      const x = Math.PI * (i / 5000);
      expect(Math.abs(cos(x) - Math.cos(x))).toBeLessThanOrEqual(2 ** -52 * Math.abs(Math.cos(x)));
    }
  });

  test("cos takes known values", () => {
    expect([cos(0), cos(Math.PI / 3), cos(Math.PI / 4), cos(Math.PI)]).toEqual([
      1,
      0.5000000000000001,
      Math.SQRT1_2,
      -1,
    ]);
    // pi / 2 is 6.123233995736766e-17 more than the float64 next to it.
    expect(cos(Math.PI / 2)).toBe(6.123233995736766e-17);
  });
});

describe("first weights", () => {
  const known = (word: number): number => (word + 0.5) / 2 ** 32;

  test("of a uniform table are drawn from the words of row, element group and seed in turn", () => {
    const u = [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8].map(known);
    expect([...drawRow({ type: "uniform", scale: 0.5 }, 0, 0, 4)]).toEqual(
      u.map((x) => Math.fround(0.5 * (2 * x - 1))),
    );
  });

  test("use both halves of a seed above 2^32", () => {
    const seed = 5 * 2 ** 32 + 7;
    const words = philox([3, 2, 0, 0], 7, 5);
    const row = drawRow({ type: "uniform", scale: 1 }, seed, 3, 10);
    expect(row[9]).toBe(Math.fround(2 * known(words[1]) - 1));
  });

  test("of a normal table have mean 0 and the standard deviation asked for", () => {
    const row = drawRow({ type: "normal", scale: 2 }, 1, 0, 40_000);
    const mean = row.reduce((total, w) => total + w, 0) / row.length;
    const deviation = Math.sqrt(row.reduce((total, w) => total + w * w, 0) / row.length);
    expect(Math.abs(mean)).toBeLessThan(4 * (2 / Math.sqrt(row.length)));
    expect(Math.abs(deviation - 2)).toBeLessThan(4 * (2 / Math.sqrt(2 * row.length)));
  });
});
