/** Shares of examples in memory. */

import type { Examples } from "../../../models.d.ts";
import { coded, shown } from "../../errors.js";
import { integer } from "../../options.js";
import { Random } from "../random.js";
import { countOf, selected } from "./select.js";

/** By how much the sum of shares may miss 1. */
const TOLERANCE = 1e-9;

/** See models.d.ts. */
export function split(examples: Examples, shares: readonly number[], seed = 0): Examples[] {
  const count = countOf(examples);
  const ends = endsOf(shares, count);
  const order = new Random(integer("seed", seed, 0, Number.MAX_SAFE_INTEGER), "split").permutation(count);
  return ends.map((end, part) => selected(examples, order.subarray(ends[part - 1] ?? 0, end)));
}

/** Where each part ends, each end rounded: so no example is left out, and no part is more than an example away from its share. */
function endsOf(shares: readonly number[], count: number): number[] {
  if (!Array.isArray(shares)) throw coded("ERR_WRONG_CLASS", `shares must be an array, but is ${shown(shares)}`);
  let sum = 0;
  const ends = shares.map((share, position) => {
    if (typeof share !== "number" || !(share >= 0 && share <= 1)) {
      throw coded("ERR_OPTION_VALUE", `shares[${position}] must be a number from 0 to 1, but is ${shown(share)}`);
    }
    sum += share;
    return Math.round(Math.min(sum, 1) * count);
  });
  if (!(Math.abs(sum - 1) <= TOLERANCE)) throw coded("ERR_OPTION_VALUE", `shares must sum to 1, but sum to ${sum}`);
  return ends;
}
