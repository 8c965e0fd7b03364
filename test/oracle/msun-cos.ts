// biome-ignore-all lint/correctness/noPrecisionLoss: the sources' digits as printed
/**
 * `cos` of FreeBSD's msun, in the form that the Rust crate libm 0.2 gives it, for the arguments that a schedule needs.
 *
 * From FreeBSD's s_cos.c, k_cos.c, k_sin.c and e_rem_pio2.c: Copyright (C) 1993-2004 by Sun Microsystems, Inc. All rights
 * reserved. Permission to use, copy, modify, and distribute this software is freely granted, provided that this notice is
 * preserved.
 */
import { highBits } from "./msun.js";

/** The cosine of an x from 0 to pi. Other arguments are refused. */
export function cos(x: number): number {
  if (!(x >= 0 && x <= Math.PI)) {
    throw new RangeError(`cos wants 0 <= x <= pi, got ${x}`);
  }
  const size = highBits(x);
  if (size < 0x3e46a09e) {
    return 1;
  }
  if (size <= 0x3fe921fb) {
    return kernelCos(x, 0);
  }
  const quarters = size <= 0x4002d97c ? 1 : 2;
  // Next to a multiple of pi / 2 one subtraction leaves too few digits.
  const [high, low] = (size & 0xfffff) === 0x921fb ? remainderWithCare(x, quarters) : remainder(x, quarters);
  return quarters === 1 ? -kernelSin(high, low) : -kernelCos(high, low);
}

/** pi / 2 in parts of 33 bits, and what is left after each. */
const PART_1 = 1.57079632673412561417;
const REST_1 = 6.0771005065061922493e-11;
const PART_2 = 6.0771005063039659766e-11;
const REST_2 = 2.02226624879595063154e-21;
const PART_3 = 2.0222662487111664558e-21;
const REST_3 = 8.47842766036889956997e-32;

/** x - quarters * pi / 2, as the sum of two numbers. */
function remainder(x: number, quarters: number): [high: number, low: number] {
  const left = x - quarters * PART_1;
  return sumOf(left, quarters * REST_1);
}

function remainderWithCare(x: number, quarters: number): [high: number, low: number] {
  const exponent = exponentOf(x);
  const first = x - quarters * PART_1;
  const sum = sumOf(first, quarters * REST_1);
  if (exponent - exponentOf(sum[0]) <= 16) {
    return sum;
  }
  const second = first - quarters * PART_2;
  const secondSum = sumOf(second, quarters * REST_2 - (first - second - quarters * PART_2));
  if (exponent - exponentOf(secondSum[0]) <= 49) {
    return secondSum;
  }
  const third = second - quarters * PART_3;
  return sumOf(third, quarters * REST_3 - (second - third - quarters * PART_3));
}

/** left - right, and what its rounding lost. */
function sumOf(left: number, right: number): [high: number, low: number] {
  const high = left - right;
  return [high, left - high - right];
}

function exponentOf(x: number): number {
  return (highBits(x) >>> 20) & 0x7ff;
}

/** cos(x + y) for |x| up to pi / 4 and its tail y. */
function kernelCos(x: number, y: number): number {
  const z = x * x;
  const w = z * z;
  const r =
    z * (4.16666666666666019037e-2 + z * (-1.38888888888741095749e-3 + z * 2.48015872894767294178e-5)) +
    w * w * (-2.75573143513906633035e-7 + z * (2.0875723212981748279e-9 + z * -1.13596475577881948265e-11));
  const half = 0.5 * z;
  const first = 1 - half;
  return first + (1 - first - half + (z * r - x * y));
}

/** sin(x + y) for |x| up to pi / 4 and its tail y. */
function kernelSin(x: number, y: number): number {
  const z = x * x;
  const w = z * z;
  const r =
    8.33333333332248946124e-3 +
    z * (-1.98412698298579493134e-4 + z * 2.75573137070700676789e-6) +
    z * w * (-2.50507602534068634195e-8 + z * 1.58969099521155010221e-10);
  const v = z * x;
  return x - (z * (0.5 * y - v * r) - y - v * -1.66666666666666324348e-1);
}
