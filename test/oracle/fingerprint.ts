/**
 * SHA-256 over everything that decides a table's next bits, in logical order. Part of the oracle.
 */
import { createHash } from "node:crypto";
import { at } from "./at.js";
import type { Run } from "./runs.js";

/** What a fingerprint covers, in its order. */
export interface Contents {
  readonly rows: number;
  readonly dim: number;
  readonly step: number;
  readonly weights: Float32Array;
  /** One array for each float an element that the rule keeps. */
  readonly elementState: readonly Float32Array[];
  /** The rule's float a row. */
  readonly rowState: Float32Array | undefined;
  /** As stored, not decayed to the present. */
  readonly tallies: Float64Array;
  /** The steps at which tallies were last written, with a half-life. */
  readonly lastSeen: Float64Array | undefined;
  /** The steps that rows are up to and the rates since the last flush, where rows can miss steps that move them. */
  readonly missing: { readonly upTo: Float64Array; readonly runs: readonly Run[] } | undefined;
  /** `sum` and `count` behind R2, for rules that use it. */
  readonly meanSquare: { readonly sum: number; readonly count: number } | undefined;
}

/** 64 hex digits. */
export function fingerprint(contents: Contents): string {
  const { rows, dim, step, weights, elementState, rowState, tallies, lastSeen, missing, meanSquare } = contents;
  const hash = createHash("sha256");
  hash.update(uint64s([rows, dim, step]));
  hash.update(float32s(weights));
  for (const state of elementState) {
    hash.update(float32s(state));
  }
  if (rowState !== undefined) {
    hash.update(float32s(rowState));
  }
  hash.update(float64s(tallies));
  if (lastSeen !== undefined) {
    hash.update(uint64s(lastSeen));
  }
  if (missing !== undefined) {
    hash.update(uint64s(missing.upTo));
    for (const { first, lr } of missing.runs) {
      hash.update(uint64s([first]));
      hash.update(float64s([lr]));
    }
  }
  if (meanSquare !== undefined) {
    hash.update(float64s([meanSquare.sum, meanSquare.count]));
  }
  return hash.digest("hex");
}

function float32s(values: Float32Array): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, i) => {
    if (Number.isNaN(value)) {
      bytes.setUint32(4 * i, 0x7fc00000, true);
    } else {
      bytes.setFloat32(4 * i, value, true);
    }
  });
  return new Uint8Array(bytes.buffer);
}

function float64s(values: ArrayLike<number>): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(8 * values.length));
  for (let i = 0; i < values.length; i += 1) {
    const value = at(values, i);
    if (Number.isNaN(value)) {
      bytes.setBigUint64(8 * i, 0x7ff8000000000000n, true);
    } else {
      bytes.setFloat64(8 * i, value, true);
    }
  }
  return new Uint8Array(bytes.buffer);
}

function uint64s(values: ArrayLike<number>): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(8 * values.length));
  for (let i = 0; i < values.length; i += 1) {
    bytes.setBigUint64(8 * i, BigInt(at(values, i)), true);
  }
  return new Uint8Array(bytes.buffer);
}
