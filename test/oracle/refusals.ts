/** Batches that a table refuses because something in them is not finite. Part of the oracle. */
import type { Ids, UpdateOptions } from "../../index.js";
import type { Share } from "./shares.js";

/** The factor for gradients, in float32. */
export function scaleOf({ scale = 1 }: UpdateOptions): number {
  const rounded = Math.fround(scale);
  if (!Number.isFinite(rounded) || (rounded === 0 && scale !== 0)) {
    throw nonFiniteError(`scale is ${scale}`);
  }
  return rounded;
}

/** Throws if an element, one of the squares that count, or a row's sum is not finite. */
export function refuseNonFinite(
  ids: Ids,
  gradients: Float32Array,
  squaresOfEach: readonly (number | undefined)[],
  shares: readonly Share[],
  paddingId: number | undefined,
): void {
  const dim = gradients.length / ids.length;
  const badElement = gradients.findIndex(
    (gradient, i) => ids[Math.floor(i / dim)] !== paddingId && !Number.isFinite(gradient),
  );
  if (badElement >= 0) {
    throw nonFiniteError(`gradients[${badElement}] is ${gradients[badElement]}`);
  }
  const badSquare = squaresOfEach.findIndex((q) => q !== undefined && !Number.isFinite(q));
  if (badSquare >= 0) {
    throw nonFiniteError(`the squares of gradient ${badSquare} sum to ${squaresOfEach[badSquare]}`);
  }
  const badShare = shares.find((share) => !share.finite);
  if (badShare !== undefined) {
    throw nonFiniteError(`the gradients of row ${badShare.id} have a sum that is not finite`);
  }
}

function nonFiniteError(message: string): Error & { code: string } {
  return Object.assign(new RangeError(message), { code: "ERR_NON_FINITE" });
}
