/** Numbers that options may be. */

import { coded, shown } from "./core.js";

export function above0(name: string, value: unknown): number {
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw coded("ERR_OPTION_VALUE", `${name} must be a number above 0, but is ${shown(value)}`);
}
