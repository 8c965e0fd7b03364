/**
 * Every error this package throws: a built-in class, a stable code, and a message with subject, expectation and what was found.
 * Kernels throw plain errors with a code; `rethrow` gives them the class that belongs to it.
 */

import type { ErrorCode, TallygradError } from "../index.d.ts";

const CLASSES: Record<ErrorCode, ErrorConstructor> = {
  ERR_ID_OUT_OF_RANGE: RangeError,
  ERR_WRONG_CLASS: TypeError,
  ERR_WRONG_LENGTH: RangeError,
  ERR_OFFSETS: RangeError,
  ERR_UNKNOWN_FEATURE: TypeError,
  ERR_NON_FINITE: RangeError,
  ERR_DETACHED_BUFFER: TypeError,
  ERR_SHARED_BUFFER: TypeError,
  ERR_RESIZABLE_BUFFER: TypeError,
  ERR_OVERLAPPING_ARRAYS: RangeError,
  ERR_PADDING_ROW: TypeError,
  ERR_MISSING_OPTION: TypeError,
  ERR_UNKNOWN_OPTION: TypeError,
  ERR_OPTION_VALUE: RangeError,
  ERR_OPTION_CONFLICT: TypeError,
  ERR_FILE_FORMAT: Error,
  ERR_DATA: Error,
  ERR_SAVING: Error,
  ERR_OUT_OF_MEMORY: Error,
  ERR_DISPOSED: Error,
  ERR_POISONED: Error,
  ERR_ADDON_MISSING: Error,
  ERR_WASM_UNAVAILABLE: Error,
  ERR_WASM_LOADED: Error,
  ERR_TABLE_CHANGED: Error,
  ERR_TRAINING: Error,
  ERR_NOT_TRAINED: Error,
};

/** An error of the class that belongs to `code`. */
export function coded(code: ErrorCode, message: string, options?: ErrorOptions): TallygradError {
  return Object.assign(new CLASSES[code](message, options), { code });
}

/** Whether an error has one of this package's codes. */
export function isCoded(thrown: unknown): thrown is TallygradError {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" && thrown.code in CLASSES;
}

/** Throws what a kernel threw, in the class that belongs to its code. */
export function rethrow(thrown: unknown): never {
  throw isCoded(thrown) && thrown.constructor !== CLASSES[thrown.code] ? coded(thrown.code, thrown.message) : thrown;
}

/** How a value looks in a message: short, and never a call of user code that fails. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  if (typeof name !== "string" || name === "") return "an object";
  return /^[AEIO]/.test(name) ? `an ${name}` : `a ${name}`;
}
