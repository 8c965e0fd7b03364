/**
 * Keys as the kernel takes them: the bytes of all, one key behind the other, and where each ends. A key's first byte is its kind: `s` and UTF-8, `n`
 * and a float64, `b` and an integer of 8 bytes, or of 9 where it takes an unsigned one.
 */

import { coded, shown } from "./errors.js";

/** What a key can be. */
export type Key = string | number | bigint;

/** A batch of keys. The bytes lie in a buffer that the next batch overwrites. */
export interface Packed {
  bytes: Uint8Array;
  ends: Uint32Array;
}

/** The most UTF-8 bytes of a UTF-16 unit. */
const MOST_UNIT_BYTES = 3;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
let buffer = new Uint8Array(1 << 16);
/** The most bytes that are kept between batches. */
const KEPT = 1 << 24;

/** Packs keys. */
export function packed(keys: readonly Key[]): Packed {
  if (!Array.isArray(keys)) throw coded("ERR_WRONG_CLASS", `keys must be an array, but is ${shown(keys)}`);
  if (buffer.length > KEPT) buffer = new Uint8Array(1 << 16);
  return areTexts(keys) ? packedTexts(keys) : packedOneByOne(keys);
}

/** Whether all are texts. Unlike `every` it does not skip what is missing. */
function areTexts(keys: readonly Key[]): keys is readonly string[] {
  for (let position = 0; position < keys.length; position++) if (!isText(keys[position])) return false;
  return true;
}

function isText(key: unknown): key is string {
  return typeof key === "string";
}

/** All texts at once, which is several times as fast as one by one. */
function packedTexts(keys: readonly string[]): Packed {
  const text = keys.length === 0 ? "" : `s${keys.join("s")}`;
  reserve(text.length);
  const { read, written } = encoder.encodeInto(text, buffer);
  // Only ASCII takes a byte for each unit.
  if (read < text.length || written > text.length) return packedOneByOne(keys);
  const ends = new Uint32Array(keys.length);
  let end = 0;
  for (let position = 0; position < ends.length; position++) {
    end += 1 + (keys[position] as string).length;
    ends[position] = end;
  }
  return { bytes: buffer.subarray(0, end), ends };
}

function packedOneByOne(keys: readonly Key[]): Packed {
  const ends = new Uint32Array(keys.length);
  let end = 0;
  for (let position = 0; position < ends.length; position++) {
    const key: unknown = keys[position];
    reserve(end + 10 + (isText(key) ? MOST_UNIT_BYTES * key.length : 0), end);
    end = packKey(key, position, end);
    ends[position] = end;
  }
  return { bytes: buffer.subarray(0, end), ends };
}

/** Writes a key's bytes from `start` on, and gives where they end. */
function packKey(key: unknown, position: number, start: number): number {
  const view = new DataView(buffer.buffer);
  if (isText(key)) {
    if (!isWellFormed(key)) throw refused(position, "a string without lone surrogates", key);
    buffer[start] = 0x73;
    return start + 1 + encoder.encodeInto(key, buffer.subarray(start + 1)).written;
  }
  if (typeof key === "number" && !Number.isNaN(key)) {
    buffer[start] = 0x6e;
    // 0 and -0 are one key.
    view.setFloat64(start + 1, key + 0, true);
    return start + 9;
  }
  if (typeof key === "bigint" && key >= -(2n ** 63n) && key < 2n ** 64n) {
    buffer[start] = 0x62;
    view.setBigUint64(start + 1, BigInt.asUintN(64, key), true);
    if (key < 2n ** 63n) return start + 9;
    buffer[start + 9] = 0;
    return start + 10;
  }
  if (typeof key === "bigint") throw refused(position, "from -2^63 to 2^64 - 1", key);
  if (typeof key === "number") throw refused(position, "a number that is not NaN", key);
  throw coded("ERR_WRONG_CLASS", `keys[${position}] must be a string, a number or a bigint, but is ${shown(key)}`);
}

function refused(position: number, expected: string, key: Key): Error {
  return coded("ERR_OPTION_VALUE", `keys[${position}] must be ${expected}, but is ${shown(key)}`);
}

/** Whether a text has an UTF-8 form of its own. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** Makes room for `size` bytes, of which the first `used` are kept. */
function reserve(size: number, used = 0): void {
  if (size <= buffer.length) return;
  const larger = new Uint8Array(Math.max(size, 2 * buffer.length));
  larger.set(buffer.subarray(0, used));
  buffer = larger;
}

/** The key that has these bytes. */
export function unpacked(bytes: Uint8Array): Key {
  const rest = bytes.subarray(1);
  const view = new DataView(rest.buffer, rest.byteOffset, rest.length);
  if (bytes[0] === 0x73) return decoder.decode(rest);
  if (bytes[0] === 0x6e) return view.getFloat64(0, true);
  return rest.length === 8 ? view.getBigInt64(0, true) : view.getBigUint64(0, true);
}
