/**
 * Exponential and logarithm from additions, multiplications and divisions alone. IEEE 754 says what those give to the last bit, and so
 * does every JavaScript engine; `Math.exp`, `Math.log` and `**` may differ in last bits from engine to engine. What feeds
 * the tables of the page in `web` goes through here, so that a run ends with the same fingerprint in every browser and in Node.
 * (`Math.sqrt` is safe in practice: engines use the processor's square root, which rounds correctly.)
 */

/** log 2 in two parts: the first has so few bits that its products with exponents are exact. */
const log2High = 0.6931471803691238;
const log2Low = 1.9082149292705877e-10;
const log2 = Math.LN2;

/** From here on a power of e is above the greatest number, or below the least one of full precision. */
const overflow = 709.782712893384;
const underflow = -708.3964185322641;

/** 2^-1022, the least number of full precision. */
const leastNormal = 2.2250738585072014e-308;

/** e^x to about one unit in the last place; 0 where it would be below 2^-1022. */
export function exp(x: number): number {
  if (x > overflow) return Number.POSITIVE_INFINITY;
  if (x < underflow) return 0;
  // x = exponent * log 2 + rest, with |rest| at most half of log 2: the Taylor series' next term would be below 2^-57.
  const exponent = Math.round(x / log2);
  const rest = x - exponent * log2High - exponent * log2Low;
  let sum = 1;
  for (let n = 13; n > 0; n--) sum = 1 + (rest * sum) / n;
  // In two steps, since 2^1024 is not a number of its own.
  const half = Math.trunc(exponent / 2);
  return sum * powerOfTwo(half) * powerOfTwo(exponent - half);
}

/** The natural logarithm of a number from 2^-1022 up, to about one unit in the last place. */
export function log(x: number): number {
  if (!(x >= leastNormal && x < Number.POSITIVE_INFINITY)) throw new RangeError(`${x} has no logarithm here`);
  bits.setFloat64(0, x);
  let exponent = (bits.getUint32(0) >>> 20) - 1023;
  let mantissa = x * powerOfTwo(-Math.trunc(exponent / 2)) * powerOfTwo(Math.trunc(exponent / 2) - exponent);
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  // log m = 2 atanh(s) = 2 (s + s^3/3 + s^5/5 + ...) with |s| at most 0.172: the next term would be below 2^-57.
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  let sum = 0;
  for (let n = 23; n > 1; n -= 2) sum = square * (sum + 1 / n);
  return exponent * log2High + (exponent * log2Low + (2 * s * sum + 2 * s));
}

/** `base` to the power of `exponent`, for a base from 2^-1022 up. */
export function power(base: number, exponent: number): number {
  return exp(exponent * log(base));
}

/** 1 / (1 + e^-x). */
export function sigmoid(x: number): number {
  return 1 / (1 + exp(-x));
}

const bits = new DataView(new ArrayBuffer(8));

/** 2^exponent for an integer from -1022 to 1023, by its bits. */
function powerOfTwo(exponent: number): number {
  bits.setUint32(0, (exponent + 1023) << 20);
  bits.setUint32(4, 0);
  return bits.getFloat64(0);
}
