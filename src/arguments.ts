/**
 * Checks of the arrays that a table's methods take: class and buffer here, lengths, ids and values in the kernel. A kernel reads and
 * writes the arrays in place during a call, so they must be what they seem.
 */

import type { Ids, Offsets } from "../index.d.ts";
import { coded, shown } from "./errors.js";

type Classes = {
  Uint32Array: Uint32Array;
  Int32Array: Int32Array;
  Float32Array: Float32Array;
  Float64Array: Float64Array;
};
type AnyArray = Classes[keyof Classes];
const CLASSES = { Uint32Array, Int32Array, Float32Array, Float64Array };

/** A getter that all typed arrays share. An own property of an array may say anything; this says what is. */
function getter<Value>(name: string | symbol): (array: ArrayBufferView) => Value {
  const descriptor = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), name);
  const get = descriptor?.get as () => Value;
  return (array) => Reflect.apply(get, array, []);
}
const classOf = getter<string | undefined>(Symbol.toStringTag);
const bufferOf = getter<ArrayBuffer>("buffer");
const offsetOf = getter<number>("byteOffset");
const lengthOf = getter<number>("length");

/** Whether `value` is a typed array of this class, of whatever realm. */
export function isArray<Name extends keyof Classes>(value: unknown, name: Name): value is Classes[Name] {
  return ArrayBuffer.isView(value) && classOf(value) === name;
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
function checkBuffer(argument: string, array: AnyArray): void {
  const buffer = bufferOf(array);
  if (Object.prototype.toString.call(buffer) === "[object SharedArrayBuffer]") {
    throw coded(
      "ERR_SHARED_BUFFER",
      `${argument} lies in a SharedArrayBuffer, which may change during the call; pass a copy`,
    );
  }
  if (buffer.resizable) {
    throw coded("ERR_RESIZABLE_BUFFER", `${argument} lies in a resizable ArrayBuffer; pass a copy`);
  }
  if (lengthOf(array) === 0 && isDetached(buffer)) {
    throw coded("ERR_DETACHED_BUFFER", `${argument} is detached: its buffer was transferred away`);
  }
}

/** A view of the same elements that is what it seems, whatever properties the array was given. */
export function viewOf<Name extends keyof Classes>(array: Classes[Name], name: Name): Classes[Name];
export function viewOf(array: AnyArray, name: keyof Classes): AnyArray {
  const length = lengthOf(array);
  return length === 0 ? new CLASSES[name](0) : new CLASSES[name](bufferOf(array), offsetOf(array), length);
}

/** Not every engine has `ArrayBuffer.prototype.detached`; all refuse a view of a detached buffer. */
function isDetached(buffer: ArrayBuffer): boolean {
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
    return new Uint32Array(bufferOf(ids), offsetOf(ids), lengthOf(ids));
  }
  if (!Array.isArray(ids)) {
    throw coded(
      "ERR_WRONG_CLASS",
      `ids must be a Uint32Array, an Int32Array or an array of integers, but is ${shown(ids)}`,
    );
  }
  const bits = newArray(Uint32Array, ids.length);
  for (let position = 0; position < bits.length; position++) {
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

/** Offsets of bags as the kernel takes them. Whether they fit their ids, it checks itself. */
export function offsetBits(offsets: Offsets): Uint32Array {
  if (isArray(offsets, "Uint32Array")) {
    checkBuffer("offsets", offsets);
    return offsets;
  }
  if (isArray(offsets, "Int32Array")) checkBuffer("offsets", offsets);
  else if (!Array.isArray(offsets)) {
    throw coded(
      "ERR_WRONG_CLASS",
      `offsets must be a Uint32Array, an Int32Array or an array of integers, but is ${shown(offsets)}`,
    );
  }
  const bits = newArray(Uint32Array, isArray(offsets, "Int32Array") ? lengthOf(offsets) : offsets.length);
  for (let position = 0; position < bits.length; position++) {
    const offset: unknown = offsets[position];
    if (typeof offset !== "number" || !Number.isInteger(offset) || offset < 0 || offset > MOST_OFFSET) {
      throw coded(
        "ERR_OFFSETS",
        `offsets[${position}] must be an integer from 0 to ids.length, but is ${shown(offset)}`,
      );
    }
    bits[position] = offset;
  }
  return bits;
}

const MOST_OFFSET = 2 ** 32 - 1;

/**
 * Where a method writes its `length` results: a view of the start of `out`, or a new array.
 * @param ids Read during the call, as are `others`, so `out` must not share bytes with them.
 */
export function target<Name extends "Float32Array" | "Float64Array">(
  name: Name,
  out: Classes[Name] | undefined,
  length: number,
  ids?: unknown,
  others?: Readonly<Record<string, unknown>>,
  argument?: string,
): Classes[Name];
export function target(
  name: "Float32Array" | "Float64Array",
  out: Float32Array | Float64Array | undefined,
  length: number,
  ids?: unknown,
  others: Readonly<Record<string, unknown>> = {},
  argument = "out",
): Float32Array | Float64Array {
  const Class = name === "Float32Array" ? Float32Array : Float64Array;
  if (out === undefined) return newArray<Float32Array | Float64Array>(Class, length);
  usable(argument, out, name);
  if (lengthOf(out) < length) {
    throw coded("ERR_WRONG_LENGTH", `${argument} must have at least ${length} elements, but has ${lengthOf(out)}`);
  }
  checkOverlap(argument, out, "ids", ids);
  for (const [name, array] of Object.entries(others)) checkOverlap(argument, out, name, array);
  return new Class(bufferOf(out), offsetOf(out), length);
}

function checkOverlap(argument: string, out: AnyArray, other: string, array: unknown): void {
  if (ArrayBuffer.isView(array) && classOf(array) !== undefined && overlap(array as AnyArray, out)) {
    throw coded("ERR_OVERLAPPING_ARRAYS", `${argument} shares bytes with ${other}, which are read while it is written`);
  }
}

/** A new array, or an error with a code, which the engine's own has not. */
export function newArray<T>(Class: new (length: number) => T, length: number): T {
  try {
    return new Class(length);
  } catch (cause) {
    throw coded("ERR_OUT_OF_MEMORY", `no memory for an array of ${length} elements`, { cause });
  }
}

function overlap(a: AnyArray, b: AnyArray): boolean {
  const [aStart, bStart] = [offsetOf(a), offsetOf(b)];
  const [aEnd, bEnd] = [aStart + lengthOf(a) * a.BYTES_PER_ELEMENT, bStart + lengthOf(b) * b.BYTES_PER_ELEMENT];
  return bufferOf(a) === bufferOf(b) && Math.max(aStart, bStart) < Math.min(aEnd, bEnd);
}
