/**
 * What a refused call has to show: the error's class, its code, a message that names subject, position and value, and a
 * table that is as it was, bit for bit.
 */
import { expect } from "vitest";
import type { ErrorCode, TallygradError } from "../../../index.js";
import type { EmbeddingTable } from "../subject.js";

const classes: Record<ErrorCode, ErrorConstructor | RangeErrorConstructor | TypeErrorConstructor> = {
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

/** The contract names no code for an option that should be a number, a word or an object and is not; these two fit. */
export const wrongKind: readonly ErrorCode[] = ["ERR_WRONG_CLASS", "ERR_OPTION_VALUE"];

export interface Refusal {
  /** The code, or those the contract leaves room for. */
  readonly code: ErrorCode | readonly ErrorCode[];
  /** Words and numbers the message has to hold, each standing alone. */
  readonly mentions?: readonly (string | number)[];
}

/** Fails unless `action` throws what `refusal` describes, with the class that goes with the code. */
export function expectRefusal(action: () => unknown, { code, mentions = [] }: Refusal): void {
  const error = thrownBy(action);
  expect([code].flat(), error.message).toContain(error.code);
  expect(Object.getPrototypeOf(error), `class of ${error.code}`).toBe(classes[error.code].prototype);
  for (const mention of mentions) {
    expect(error.message).toMatch(standingAlone(String(mention)));
  }
}

/** The same for a call of a table's method, which must also leave the table as it was. */
export function expectRefusedUnchanged(table: EmbeddingTable, action: () => unknown, refusal: Refusal): void {
  const before = table.fingerprint();
  expectRefusal(action, refusal);
  expect(table.fingerprint()).toBe(before);
}

function thrownBy(action: () => unknown): TallygradError {
  try {
    action();
  } catch (error) {
    if (error instanceof Error && "code" in error) {
      return error as TallygradError;
    }
    throw error;
  }
  return expect.fail("nothing was thrown");
}

/** A mention must not be a part of a longer word or number; `optimizer.lr` and `ids[3]` do mention lr and 3. */
function standingAlone(mention: string): RegExp {
  const escaped = mention.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<![\\w-])(?<!\\d\\.)${escaped}(?!\\w|\\.\\d)`);
}
