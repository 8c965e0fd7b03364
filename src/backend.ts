/** Chooses the backend of a table, and keeps it for the next. */

import type { Kernel } from "./kernel.js";
import { loadNative } from "./native.js";

let native: Kernel | undefined;

/** The backend that an option asks for. */
export function kernelFor(_backend: "auto" | "native"): Kernel {
  native ??= loadNative();
  return native;
}
