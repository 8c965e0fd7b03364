/** Loads the kernel for the first table, and keeps it for the next. */

import type { Kernel } from "./kernel.js";
import { loadNative } from "./native.js";

let native: Kernel | undefined;

/** The kernel, or the error that says why it cannot be loaded. */
export function kernel(): Kernel {
  native ??= loadNative();
  return native;
}
