// biome-ignore-all lint/correctness/noPrecisionLoss: the sources' digits as printed
/**
 * The inverse of the normal distribution by M. J. Wichura, "Algorithm AS 241: the percentage points of the normal
 * distribution", Applied Statistics 37 (1988), routine PPND16. Part of the oracle: `first-weights.ts` calls it.
 */
import { log } from "./msun.js";

/** A ratio of two polynomials; coefficients from the constant term upwards. */
interface Ratio {
  readonly numerator: readonly number[];
  readonly denominator: readonly number[];
}

/** For |u - 0.5| <= 0.425, in 0.180625 - q^2. */
export const CENTRE: Ratio = {
  numerator: [
    3.387132872796366608, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
    4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3,
  ],
  denominator: [
    1, 4.2313330701600911252e1, 6.871870074920579083e2, 5.3941960214247511077e3, 2.1213794301586595867e4,
    3.930789580009271061e4, 2.8729085735721942674e4, 5.226495278852854561e3,
  ],
};

/** For r <= 5, in r - 1.6. */
export const SHOULDER: Ratio = {
  numerator: [
    1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
    1.27045825245236838258, 2.4178072517745061177e-1, 2.27238449892691845833e-2, 7.7454501427834140764e-4,
  ],
  denominator: [
    1, 2.05319162663775882187, 1.6763848301838038494, 6.8976733498510000455e-1, 1.4810397642748007459e-1,
    1.51986665636164571966e-2, 5.475938084995344946e-4, 1.05075007164441684324e-9,
  ],
};

/** For r > 5, in r - 5. */
export const TAIL: Ratio = {
  numerator: [
    6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 2.9656057182850489123e-1,
    2.6532189526576123093e-2, 1.2426609473880784386e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
  ],
  denominator: [
    1, 5.9983220655588793769e-1, 1.3692988092273580531e-1, 1.48753612908506148525e-2, 7.868691311456132591e-4,
    1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15,
  ],
};

/** The z for which a standard normal number is below z with probability u, 0 < u < 1. */
export function normalQuantile(u: number): number {
  const q = u - 0.5;
  if (Math.abs(q) <= 0.425) {
    return q * evaluate(CENTRE, 0.180625 - q * q);
  }
  const r = Math.sqrt(-log(Math.min(u, 1 - u)));
  const z = r <= 5 ? evaluate(SHOULDER, r - 1.6) : evaluate(TAIL, r - 5);
  return q < 0 ? -z : z;
}

function evaluate(ratio: Ratio, x: number): number {
  return horner(ratio.numerator, x) / horner(ratio.denominator, x);
}

function horner(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((value, coefficient) => value * x + coefficient);
}
