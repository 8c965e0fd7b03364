/**
 * Checks of the arrays that a table's methods take: class and buffer here, lengths, ids and values in the kernel. A kernel reads and
 * writes the arrays in place during a call, so they must be what they seem.
 */

import type { Ids } from "../index.d.ts";
import { coded, shown } from "./errors.js";

type Classes = {
  Uint32Array: Uint32Array;
  Int32Array: Int32Array;
  Float32Array: Float32Array;
  Float64Array: Float64Array;
};

/** Whether `value` is a typed array of this class, of whatever realm. */
export function isArray<Name extends keyof Classes>(value: unknown, name: Name): value is Classes[Name] {
  return ArrayBuffer.isView(value) && (value as Partial<Uint32Array>)[Symbol.toStringTag] === name;
}

/** `value` as an array of class `name` that a kernel may use in place. */
export function usable<Name extends keyof Classes>(argument: string, value: unknown, name: Name): Classes[Name] {
  if (!isArray(value, name)) {
    throw coded("ERR_WRONG_CLASS", `${argument} must be a ${name}, but is ${shown(value)}`);
  }
  checkBuffer(argument, value);
  return value;
}

/** Refuses buffers that somebody else may change or take away, or has taken away. */
export function checkBuffer(argument: string, array: ArrayBufferView & { length: number }): void {
  const buffer = array.buffer;
  if (buffer[Symbol.toStringTag] === "SharedArrayBuffer") {
    throw coded(
      "ERR_SHARED_BUFFER",
      `${argument} lies in a SharedArrayBuffer, which may change during the call; pass a copy`,
    );
  }
  if ((buffer as ArrayBuffer).resizable) {
    throw coded("ERR_RESIZABLE_BUFFER", `${argument} lies in a resizable ArrayBuffer; pass a copy`);
  }
  if (array.length === 0 && isDetached(buffer)) {
    throw coded("ERR_DETACHED_BUFFER", `${argument} is detached: its buffer was transferred away`);
  }
}

/** Not every engine has `ArrayBuffer.prototype.detached`; all refuse a view of a detached buffer. */
function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** Ids as the kernel takes them: a view of typed ones, a copy of plain ones. Whether they are rows of the table, it checks itself. */
export function idBits(ids: Ids, rows: number): Uint32Array {
  if (isArray(ids, "Uint32Array")) {
    checkBuffer("ids", ids);
    return ids;
  }
  if (isArray(ids, "Int32Array")) {
    checkBuffer("ids", ids);
    return new Uint32Array(ids.buffer, ids.byteOffset, ids.length);
  }
  if (!Array.isArray(ids)) {
    throw coded(
      "ERR_WRONG_CLASS",
      `ids must be a Uint32Array, an Int32Array or an array of integers, but is ${shown(ids)}`,
    );
  }
  const bits = new Uint32Array(ids.length);
  for (let position = 0; position < ids.length; position++) {
    bits[position] = checkedId(`ids[${position}]`, ids[position], rows);
  }
  return bits;
}

/** Whether ids passed on by `idBits` are int32. */
export function isSigned(ids: Ids): boolean {
  return isArray(ids, "Int32Array");
}

/** A single id. */
export function checkedId(name: string, id: unknown, rows: number): number {
  if (typeof id !== "number") {
    throw coded("ERR_WRONG_CLASS", `${name} must be an integer, but is ${shown(id)}`);
  }
  if (!(Number.isInteger(id) && id >= 0 && id < rows)) {
    throw coded("ERR_ID_OUT_OF_RANGE", `${name} is ${id}, but the table's rows are the integers 0 to ${rows - 1}`);
  }
  return id;
}

/**
 * Where a method writes its `length` results: a view of the start of `out`, or a new array.
 * @param ids Read during the call, so `out` must not share bytes with it.
 */
export function target<Name extends "Float32Array" | "Float64Array">(
  name: Name,
  out: Classes[Name] | undefined,
  length: number,
  ids?: Ids,
): Classes[Name];
export function target(
  name: "Float32Array" | "Float64Array",
  out: Float32Array | Float64Array | undefined,
  length: number,
  ids?: Ids,
): Float32Array | Float64Array {
  if (out === undefined)
    return name === "Float32Array" ? newArray(Float32Array, length) : newArray(Float64Array, length);
  usable("out", out, name);
  if (out.length < length) {
    throw coded("ERR_WRONG_LENGTH", `out must have at least ${length} elements, but has ${out.length}`);
  }
  if (ids !== undefined && ArrayBuffer.isView(ids) && overlap(ids, out)) {
    throw coded("ERR_OVERLAPPING_ARRAYS", "out shares bytes with ids, which are read while it is written");
  }
  return out.length === length ? out : out.subarray(0, length);
}

function newArray<T>(Class: new (length: number) => T, length: number): T {
  try {
    return new Class(length);
  } catch (cause) {
    throw coded("ERR_OUT_OF_MEMORY", `no memory for a result of ${length} elements`, { cause });
  }
}

function overlap(a: ArrayBufferView, b: ArrayBufferView): boolean {
  return (
    a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength
  );
}
