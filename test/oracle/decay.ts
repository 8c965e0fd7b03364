/**
 * How much of an occurrence is left after some steps, when the table's tally has a half-life. Part of the oracle.
 */
import { expNearZero } from "./msun.js";

/** 2^(-steps / halfLife). */
export function half(steps: number, halfLife: number): number {
  const x = steps / halfLife;
  if (x >= 1000) {
    return 0;
  }
  const nearest = Math.floor(x + 0.5);
  return expNearZero((nearest - x) * Math.LN2) * powerOfTwo(-nearest);
}

/** 2^exponent for a whole exponent from -1000 to 1000, by doublings and halvings, which are exact. */
function powerOfTwo(exponent: number): number {
  let power = 1;
  for (let i = 0; i < Math.abs(exponent); i += 1) {
    power = exponent < 0 ? power / 2 : power * 2;
  }
  return power;
}
