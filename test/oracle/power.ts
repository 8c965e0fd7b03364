/** Whole powers, as both Adams and missed steps take them. Part of the oracle. */

/** base^exponent for a whole exponent of at least 0, by squaring. */
export function power(base: number, exponent: number): number {
  let result = 1;
  let square = base;
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) {
      result *= square;
    }
    square *= square;
  }
  return result;
}
