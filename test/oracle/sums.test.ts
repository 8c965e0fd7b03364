/** The oracle's sums, decay and fingerprint on inputs whose rounding tells one order of operations from another. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { half } from "./decay.js";
import { fingerprint } from "./fingerprint.js";
import { power } from "./power.js";
import { meanOfRow, squares, sumOfRow, sumOverOccurrences } from "./sums.js";

/** The smallest whole float32 to which adding 1 changes nothing. */
const LARGE = 2 ** 24;
/** The same for float64. */
const HUGE = 2 ** 53;

describe("sumOfRow", () => {
  const sum = (...gradients: number[]): number | undefined => {
    const positions = gradients.map((_, i) => i);
    return sumOfRow(Float32Array.from(gradients), positions, 1)[0];
  };
  const zeros = (count: number): number[] => new Array(count).fill(0);

  test("adds a run in order, rounding each time", () => {
    expect(sum(1, 1, LARGE)).toBe(LARGE + 2);
    expect(sum(LARGE, 1, 1)).toBe(LARGE);
  });

  test("starts a new run after 256 occurrences", () => {
    expect(sum(LARGE, ...zeros(254), 1, 1)).toBe(LARGE);
    expect(sum(LARGE, ...zeros(255), 1, 1)).toBe(LARGE + 2);
  });

  test("adds the runs' sums in order", () => {
    expect(sum(LARGE, ...zeros(255), 1, ...zeros(255), 1)).toBe(LARGE);
    expect(sum(1, ...zeros(255), 1, ...zeros(255), LARGE)).toBe(LARGE + 2);
  });

  test("keeps the sign of a single negative zero", () => {
    expect(sum(-0)).toBe(-0);
  });

  test("takes only the positions it is given, all elements of each", () => {
    expect([...sumOfRow(Float32Array.of(1, 2, 10, 20, 100, 200), [0, 2], 2)]).toEqual([101, 202]);
  });
});

test("meanOfRow divides in float32", () => {
  expect([...meanOfRow(Float32Array.of(1, 6), 3)]).toEqual([Math.fround(1 / 3), 2]);
});

describe("squares", () => {
  test("adds lanes 0 and 4 first, then lanes 2 and 6, then the odd ones", () => {
    const root = 2 ** 12;
    expect(squares(Float32Array.of(root, 0, 1, 0, 0, 0, 1, 0))).toBe(LARGE + 2);
    expect(squares(Float32Array.of(root, 0, 1, 0, 1, 0, 0, 0))).toBe(LARGE);
    expect(squares(Float32Array.of(root, 1, 0, 0, 0, 0, 0, 1))).toBe(LARGE + 2);
  });

  test("sends element d to lane d mod 8", () => {
    const root = 2 ** 12;
    expect(squares(Float32Array.of(root, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1))).toBe(LARGE);
    expect(squares(Float32Array.of(root, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1))).toBe(LARGE + 2);
  });
});

describe("sumOverOccurrences", () => {
  test("uses eight lanes by position", () => {
    expect(sumOverOccurrences([HUGE, 1, 0, 1])).toBe(HUGE + 2);
    expect(sumOverOccurrences([HUGE, 0, 0, 0, 1, 0, 0, 0, 1])).toBe(HUGE);
  });

  test("adds a chunk of 1,024 positions before the next", () => {
    const values = new Array(1024 + 9).fill(0);
    values[0] = HUGE;
    values[1024] = 1;
    values[1032] = 1;
    expect(sumOverOccurrences(values)).toBe(HUGE + 2);
  });

  test("leaves out what takes no part", () => {
    expect(sumOverOccurrences([undefined, 3, undefined, 4])).toBe(7);
    expect(sumOverOccurrences([])).toBe(0);
  });
});

describe("half", () => {
  test("is one half exactly after one half-life, whatever its length", () => {
    for (const halfLife of [0.1, 1, 3, 7.5, 1000, 1e17]) {
      expect(half(halfLife, halfLife)).toBe(0.5);
      expect(half(2 * halfLife, halfLife)).toBe(0.25);
      expect(half(0, halfLife)).toBe(1);
    }
  });

  test("is 2^(-k/h) to rounding", () => {
    for (let steps = 1; steps < 2000; steps += 7) {
      expect(Math.abs(half(steps, 13.7) / 2 ** (-steps / 13.7) - 1)).toBeLessThan(1e-13);
    }
  });

  test("is 0 after 1,000 half-lives", () => {
    expect(half(999, 1)).toBe(2 ** -999);
    expect(half(1000, 1)).toBe(0);
  });
});

test("power multiplies by squaring", () => {
  expect(power(0.5, 0)).toBe(1);
  expect(power(0.5, 11)).toBe(2 ** -11);
  expect(power(3, 20)).toBe(3486784401);
});

test("fingerprint hashes header, weights, state and tallies as little-endian bytes, NaN as 0x7fc00000", () => {
  const bytes = Buffer.alloc(24 + 8 + 8 + 8 + 16);
  bytes.writeBigUInt64LE(1n, 0);
  bytes.writeBigUInt64LE(2n, 8);
  bytes.writeBigUInt64LE(3n, 16);
  bytes.writeFloatLE(-0.5, 24);
  bytes.writeUInt32LE(0x7fc00000, 28);
  bytes.writeDoubleLE(2.5, 32);
  bytes.writeBigUInt64LE(3n, 40);
  bytes.writeDoubleLE(9, 48);
  bytes.writeDoubleLE(4, 56);
  const expected = createHash("sha256").update(bytes).digest("hex");
  const actual = fingerprint({
    rows: 1,
    dim: 2,
    step: 3,
    weights: Float32Array.of(-0.5, Number.NaN),
    elementState: [],
    rowState: undefined,
    tallies: Float64Array.of(2.5),
    lastSeen: Float64Array.of(3),
    missing: undefined,
    meanSquare: { sum: 9, count: 4 },
  });
  expect(actual).toBe(expected);
});
