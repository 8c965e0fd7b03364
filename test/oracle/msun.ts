// biome-ignore-all lint/correctness/noPrecisionLoss: the sources' digits as printed
/**
 * `exp` and `log` of FreeBSD's msun, in the form that the Rust crate libm 0.2 gives them, so that the oracle does not
 * depend on the JavaScript engine's. Both forms differ from V8's by a last bit here and there. `msun-cos.ts` has `cos`.
 *
 * From FreeBSD's e_exp.c and e_log.c: Copyright (C) 1993-2004 by Sun Microsystems, Inc. All rights reserved. Permission to
 * use, copy, modify, and distribute this software is freely granted, provided that this notice is preserved.
 */

/** e^x for |x| at most half of log 2, where no argument reduction is needed. Other arguments are refused. */
export function expNearZero(x: number): number {
  if (!(highBits(Math.abs(x)) <= 0x3fd62e42)) {
    throw new RangeError(`expNearZero wants |x| <= log(2) / 2, got ${x}`);
  }
  if (highBits(Math.abs(x)) <= 0x3e300000) {
    return 1 + x;
  }
  return expOfReduced(x, 0);
}

/** e^x for x <= 0. Other arguments are refused. */
export function exp(x: number): number {
  if (!(x <= 0)) {
    throw new RangeError(`exp wants x <= 0, got ${x}`);
  }
  if (x < -745.13321910194110842) {
    return 0;
  }
  const size = highBits(-x);
  if (size <= 0x3fd62e42) {
    return expNearZero(x);
  }
  const exponent = size >= 0x3ff0a2b2 ? Math.trunc(Math.LOG2E * x - 0.5) : -1;
  const y = expOfReduced(x - exponent * LOG_2_HIGH, exponent * LOG_2_LOW);
  // In two steps, so that only the second can round.
  return y * 2 ** -500 * 2 ** (exponent + 500);
}

/** e^(high - low) for a small difference. */
function expOfReduced(high: number, low: number): number {
  const x = high - low;
  const square = x * x;
  const polynomial =
    1.66666666666666019037e-1 +
    square *
      (-2.77777777770155933842e-3 +
        square *
          (6.61375632143793436117e-5 + square * (-1.6533902205465251539e-6 + square * 4.13813679705723846039e-8)));
  const c = x - square * polynomial;
  return 1 + ((x * c) / (2 - c) - low + high);
}

const LOG_2_HIGH = 6.9314718036912381649e-1;
const LOG_2_LOW = 1.90821492927058770002e-10;

/** The natural logarithm of a finite number of at least 0. Other arguments are refused. */
export function log(x: number): number {
  if (!(x >= 0 && x < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`log wants a finite number of at least 0, got ${x}`);
  }
  if (x === 0) {
    return Number.NEGATIVE_INFINITY;
  }
  if (x === 1) {
    return 0;
  }
  return x < 2 ** -1022 ? logOfNormal(x * 2 ** 54, -54) : logOfNormal(x, 0);
}

/** log(x * 2^shift). */
function logOfNormal(x: number, shift: number): number {
  // x = 2^exponent * fraction with the fraction in [sqrt(2)/2, sqrt(2)), cut where the upper word of sqrt(2)/2 ends.
  const shifted = highBits(x) + (0x3ff00000 - 0x3fe6a09e);
  const exponent = shift + (shifted >>> 20) - 0x3ff;
  const fraction = withHighBits(x, (shifted & 0xfffff) + 0x3fe6a09e);

  const f = fraction - 1;
  const halfSquare = 0.5 * f * f;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (3.999999999940941908e-1 + w * (2.222219843214978396e-1 + w * 1.531383769920937332e-1));
  const odd =
    z *
    (6.66666666666673513e-1 +
      w * (2.857142874366239149e-1 + w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)));
  return s * (halfSquare + (odd + even)) + exponent * LOG_2_LOW - halfSquare + f + exponent * LOG_2_HIGH;
}

const scratch = new DataView(new ArrayBuffer(8));

/** The upper 32 of a number's 64 bits. */
export function highBits(x: number): number {
  scratch.setFloat64(0, x);
  return scratch.getUint32(0);
}

function withHighBits(x: number, high: number): number {
  scratch.setFloat64(0, x);
  scratch.setUint32(0, high);
  return scratch.getFloat64(0);
}
