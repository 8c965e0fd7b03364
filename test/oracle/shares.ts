/** A batch by rows: what each of them is to be stepped by. Part of the oracle. */
import type { Ids } from "../../index.js";
import { meanOfRow, squares, sumOfRow, sumOverOccurrences } from "./sums.js";

/** A row's part in one batch. */
export interface Share {
  readonly id: number;
  /** The row's place among the batch's rows, in order of first occurrence and the padding row among them. */
  readonly place: number;
  readonly occurrences: number;
  readonly sum: Float32Array;
  readonly squaresOfSum: number;
  readonly finite: boolean;
}

export interface ShareOptions {
  readonly dim: number;
  readonly paddingId: number | undefined;
  readonly mean: boolean;
  /** Whether a sum whose squares overflow counts as not finite. */
  readonly squared: boolean;
}

/** The rows' sums or means over their occurrences. */
export function sharesOf(ids: Ids, gradients: Float32Array, options: ShareOptions): Share[] {
  const { dim, paddingId, mean, squared } = options;
  const positionsOf = new Map<number, number[]>();
  ids.forEach((id, i) => {
    const positions = positionsOf.get(id);
    if (positions === undefined) {
      positionsOf.set(id, [i]);
    } else {
      positions.push(i);
    }
  });
  const shares = Array.from(positionsOf, ([id, positions], place) => {
    const total = sumOfRow(gradients, positions, dim);
    const sum = mean ? meanOfRow(total, positions.length) : total;
    const squaresOfSum = squares(sum);
    const finite = sum.every(Number.isFinite) && (!squared || Number.isFinite(squaresOfSum));
    return { id, place, occurrences: positions.length, sum, squaresOfSum, finite };
  });
  return shares.filter(({ id }) => id !== paddingId);
}

/** The norm of all rows' sums together; `leaveOut` says whether sums that are not finite take no part. */
export function globalNorm(shares: readonly Share[], leaveOut: boolean): number {
  const places: (number | undefined)[] = [];
  for (const { place, squaresOfSum, finite } of shares) {
    places[place] = leaveOut && !finite ? undefined : squaresOfSum;
  }
  return Math.sqrt(sumOverOccurrences(places));
}
