/** Numbers of 16 bits, to nearest and at random. Part of the oracle. */
import { at } from "./at.js";
import { highBits } from "./msun.js";
import { philox } from "./philox.js";

const TWO_TO_32 = 2 ** 32;

export type NumberType = "f32" | "f16" | "bf16";

interface Format {
  /** Bits of a significand, the leading one included. */
  readonly precision: number;
  /** Exponent of the smallest normal number. */
  readonly smallest: number;
  readonly largest: number;
}

const formats: Record<Exclude<NumberType, "f32">, Format> = {
  f16: { precision: 11, smallest: -14, largest: 65_504 },
  bf16: { precision: 8, smallest: -126, largest: (2 - 2 ** -7) * 2 ** 127 },
};

/** What an element's distance from the next number towards zero decides, in units of the distance between its neighbours. */
type RoundsUp = (fraction: number, lowerIsOdd: boolean, element: number) => boolean;

const toNearest: RoundsUp = (fraction, lowerIsOdd) => fraction > 0.5 || (fraction === 0.5 && lowerIsOdd);

/** Rounds a row's elements to nearest, where they are. */
export function roundToNearest(row: Float32Array, type: NumberType): void {
  roundRow(row, type, toNearest);
}

/** Where the bits for stochastic rounding come from. */
export interface Draw {
  readonly seed: number;
  readonly row: number;
  readonly step: number;
  /** 0 for weights, then 1 for the first state an element, and so on. */
  readonly part: number;
}

/** Rounds a row's elements up or down, where they are. */
export function roundAtRandom(row: Float32Array, type: NumberType, draw: Draw): void {
  roundRow(row, type, (fraction, _lowerIsOdd, d) => {
    return Math.floor(fraction * 2 ** 16) + sixteenBits(draw, d, row.length) >= 2 ** 16;
  });
}

function sixteenBits({ seed, row, step, part }: Draw, d: number, dim: number): number {
  const group = Math.floor(d / 64);
  const k = d % 64;
  const block = part * 8 * Math.ceil(dim / 64) + 8 * group + (k % 8);
  const words = philox(
    [row, block, step % TWO_TO_32, Math.floor(step / TWO_TO_32)],
    seed % TWO_TO_32,
    Math.floor(seed / TWO_TO_32),
  );
  const word = at(words, Math.floor(k / 16));
  return Math.floor(k / 8) % 2 === 0 ? word & 0xffff : word >>> 16;
}

function roundRow(row: Float32Array, type: NumberType, roundsUp: RoundsUp): void {
  if (type !== "f32") {
    row.forEach((element, d) => {
      row[d] = roundElement(element, formats[type], (fraction, odd) => roundsUp(fraction, odd, d));
    });
  }
}

function roundElement(
  element: number,
  { precision, smallest, largest }: Format,
  roundsUp: (fraction: number, lowerIsOdd: boolean) => boolean,
): number {
  if (!Number.isFinite(element) || element === 0) {
    return element;
  }
  const magnitude = Math.abs(element);
  const exponent = (highBits(magnitude) >>> 20) - 1023;
  const unit = 2 ** (Math.max(exponent, smallest) - (precision - 1));
  const lower = Math.floor(magnitude / unit);
  const up = roundsUp(magnitude / unit - lower, lower % 2 === 1);
  const rounded = (lower + (up ? 1 : 0)) * unit;
  return Math.sign(element) * (rounded > largest ? Number.POSITIVE_INFINITY : rounded);
}
