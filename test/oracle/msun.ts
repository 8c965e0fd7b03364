// biome-ignore-all lint/correctness/noPrecisionLoss: the sources' digits as printed
/**
 * `exp` and `log` of FreeBSD's msun, in the form that the Rust crate libm 0.2 gives them, so that the oracle does not
 * depend on the JavaScript engine's. Both forms differ from V8's by a last bit here and there.
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
  const square = x * x;
  const polynomial =
    1.66666666666666019037e-1 +
    square *
      (-2.77777777770155933842e-3 +
        square *
          (6.61375632143793436117e-5 + square * (-1.6533902205465251539e-6 + square * 4.13813679705723846039e-8)));
  const c = x - square * polynomial;
  return 1 + ((x * c) / (2 - c) + x);
}

/** The natural logarithm of a positive, finite, normal number. Other arguments are refused. */
export function log(x: number): number {
  if (!(x >= 2 ** -1022 && x < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`log wants a positive, finite, normal number, got ${x}`);
  }
  if (x === 1) {
    return 0;
  }
  // x = 2^exponent * fraction with the fraction in [sqrt(2)/2, sqrt(2)), cut where the upper word of sqrt(2)/2 ends.
  const shifted = highBits(x) + (0x3ff00000 - 0x3fe6a09e);
  const exponent = (shifted >>> 20) - 0x3ff;
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
  const lowPart = exponent * 1.90821492927058770002e-10;
  const highPart = exponent * 6.9314718036912381649e-1;
  return s * (halfSquare + (odd + even)) + lowPart - halfSquare + f + highPart;
}

const scratch = new DataView(new ArrayBuffer(8));

function highBits(x: number): number {
  scratch.setFloat64(0, x);
  return scratch.getUint32(0);
}

function withHighBits(x: number, high: number): number {
  scratch.setFloat64(0, x);
  scratch.setUint32(0, high);
  return scratch.getFloat64(0);
}
