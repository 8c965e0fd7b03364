/** Chooses the kernel of a new table: the addon where there is one and nobody asked otherwise, WebAssembly else. Loads each but once. */

import { coded, shown } from "./errors.js";
import type { Kernel } from "./kernel.js";
import { choice } from "./options.js";
import { loadWasm } from "./wasm.js";

/** What the option `backend` may say. */
export const BACKENDS = ["auto", "native", "wasm"] as const;
const VARIABLE = "TALLYGRAD_BACKEND";

/** A kernel, and why it was chosen. */
export interface Chosen {
  kernel: Kernel;
  reason: string;
}

/** Loads the addon, in runtimes that have addons. */
let loadNative: (() => Kernel) | undefined;
let native: Kernel | undefined;
/** Why the addon could not be loaded when it was first wanted. It is not tried again: what a process runs on should not change. */
let missing: Error | undefined;

/** Makes the addon the first choice from now on. */
export function preferNative(load: () => Kernel): void {
  loadNative = load;
}

/** The kernel for a table whose option `backend` is `asked`, or the error that says why it cannot be loaded. */
export function chooseKernel(asked: unknown): Chosen {
  const option = choice("backend", asked, BACKENDS);
  if (option !== "auto") return chosen(option, `option backend is "${option}"`);
  // Asked first, because what follows does not matter then: Deno would want a permission for it, and browsers have no environment.
  if (loadNative === undefined) return chosen("wasm", "this entry of the package has no native addon");
  const variable = choice(`the environment variable ${VARIABLE}`, process.env[VARIABLE] || undefined, BACKENDS);
  if (variable !== "auto") return chosen(variable, `the environment variable ${VARIABLE} is "${variable}"`);
  if (missing === undefined) {
    try {
      return chosen("native", "the native addon was found");
    } catch (cause) {
      missing = cause instanceof Error ? cause : new Error(shown(cause));
      warn(`tallygrad runs on WebAssembly, one thread and slower: ${missing.message}`);
    }
  }
  return chosen("wasm", missing.message);
}

function chosen(kind: "native" | "wasm", reason: string): Chosen {
  if (kind === "wasm") return { kernel: loadWasm(), reason };
  if (loadNative === undefined) {
    throw coded("ERR_ADDON_MISSING", 'this entry of the package has no native addon; in Node and Bun, "tallygrad" has');
  }
  native ??= loadNative();
  return { kernel: native, reason };
}

/** Only runtimes with addons get here, and they have a process. */
function warn(message: string): void {
  process.emitWarning(message, { type: "TallygradWarning", code: "TALLYGRAD_FALLBACK" });
}
