/** Shares of examples in memory. */

import type { Examples } from "../../../models.d.ts";
import { coded, integer, shown } from "../core.js";
import { Random } from "../random.js";
import { select } from "./select.js";

/** See models.d.ts. */
export function split(examples: Examples, shares: readonly number[], seed = 0): Examples[] {
  integer("seed", seed, 0, Number.MAX_SAFE_INTEGER);
  if (!Array.isArray(shares) || shares.length === 0 || !shares.every((share) => share >= 0 && share <= 1)) {
    throw coded(
      "ERR_OPTION_VALUE",
      `shares must be numbers from 0 to 1, but are ${Array.isArray(shares) ? shares.map(shown).join(", ") : shown(shares)}`,
    );
  }
  const sum = shares.reduce((all, share) => all + share, 0);
  if (Math.abs(sum - 1) > 1e-9) throw coded("ERR_OPTION_VALUE", `shares must sum to 1, but sum to ${sum}`);
  const order = new Random(seed, "split").permutation(examples.labels.length);
  let end = 0;
  const ends = shares.map((share) => {
    end += share;
    return Math.round(end * order.length);
  });
  return ends.map((end, part) => select(examples, order.slice(ends[part - 1] ?? 0, end)));
}
