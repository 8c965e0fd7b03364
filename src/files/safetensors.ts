/**
 * The header of a safetensors file: its length (8 bytes), then JSON that says of each tensor its name, type of numbers, shape and place in what follows. Reading
 * trusts nothing: a header that is not exactly what the format says is refused before anything of a size it names is allocated.
 * The format: https://github.com/huggingface/safetensors
 */

import { coded, shown } from "../errors.js";
import type { Reader } from "./source.js";

/** A tensor, as a header describes it. */
export interface Tensor {
  name: string;
  /** `"F32"`, `"I64"` and so on. */
  dtype: string;
  shape: readonly number[];
}

/** A tensor and the place of its bytes, from the end of the header. */
export interface PlacedTensor extends Tensor {
  begin: number;
  end: number;
}

/** What a header says. */
export interface Header {
  /** In the order of their bytes, which follow each other without a gap. */
  tensors: PlacedTensor[];
  metadata: Record<string, string>;
}

/** Bytes a header may have. */
const MOST_HEADER = 1 << 24;
/** Where the bytes of tensors begin is a multiple of this, in files that are written here. */
const ALIGNMENT = 64;
const METADATA = "__metadata__";

/** Bits of a number. Others there are, and readers pass over them. */
const BITS: Readonly<Record<string, number>> = {
  ...{ BOOL: 8, U8: 8, I8: 8, F8_E4M3: 8, F8_E5M2: 8, F8_E8M0: 8 },
  ...{ I16: 16, U16: 16, F16: 16, BF16: 16, I32: 32, U32: 32, F32: 32, I64: 64, U64: 64, F64: 64, C64: 64 },
};

/** Reads a header from the start of a file. The reader then is where the tensors' bytes begin. */
export async function readHeader(reader: Reader): Promise<Header> {
  const prefix = await reader.read(8, "the length of a safetensors header");
  const length = Number(new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true));
  if (length < 2 || length > MOST_HEADER) {
    throw malformed(`its first 8 bytes say that it has ${length} bytes, and 2 to ${MOST_HEADER} are taken`);
  }
  const { tensors, metadata } = parsed(await reader.read(length, "the safetensors header"));
  const [held, end] = [reader.size, reader.position + (tensors.at(-1)?.end ?? 0)];
  if (held !== undefined && held !== end) {
    throw malformed(`it describes a file of ${end} bytes, but the file has ${held}`);
  }
  return { tensors, metadata };
}

/** The first bytes of a file with these tensors one after the other, in this order. Offsets are not taken over but counted. */
export function headerOf(
  tensors: readonly Tensor[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  let begin = 0;
  // An object would put names that are integers first.
  const entries = tensors.map(({ name, dtype, shape }) => {
    const end = begin + (bytesOf(dtype, shape) ?? Number.NaN);
    const entry = `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`;
    begin = end;
    return entry;
  });
  if (!Number.isSafeInteger(begin)) throw new Error("a tensor of unknown size");
  if (Object.keys(metadata).length > 0) entries.unshift(`"${METADATA}":${JSON.stringify(metadata)}`);
  const json = new TextEncoder().encode(`{${entries.join(",")}}`);
  const length = Math.ceil((8 + json.length) / ALIGNMENT) * ALIGNMENT - 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return header;
}

/** What the JSON of a header says, checked. */
function parsed(bytes: Uint8Array): Header {
  if (bytes[0] !== 0x7b) throw malformed("it does not begin with {");
  let text: string;
  let content: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    content = JSON.parse(text);
  } catch (cause) {
    throw malformed("it is not JSON in UTF-8", { cause });
  }
  const repeated = repeatedName(text);
  if (repeated !== undefined) throw malformed(`${JSON.stringify(repeated)} occurs in it twice`);
  const entries = Object.entries(content as object);
  const metadata = new Map(entries).get(METADATA) ?? {};
  const tensors = entries.filter(([name]) => name !== METADATA).map(([name, entry]) => tensorOf(name, entry));
  return { tensors: inOrder(tensors), metadata: checkedMetadata(metadata) };
}

function checkedMetadata(metadata: unknown): Record<string, string> {
  const entries = isObject(metadata) ? Object.entries(metadata) : undefined;
  const wrong = entries === undefined ? [METADATA, metadata] : entries.find(([, value]) => typeof value !== "string");
  if (wrong !== undefined) {
    throw malformed(`${METADATA} must be an object of strings, but ${shown(wrong[0])} is ${shown(wrong[1])}`);
  }
  return metadata as Record<string, string>;
}

function tensorOf(name: string, entry: unknown): PlacedTensor {
  const subject = `tensor ${JSON.stringify(name)}`;
  if (!isObject(entry)) throw malformed(`${subject} is ${shown(entry)} and not an object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string") throw malformed(`the dtype of ${subject} is ${shown(dtype)} and not a string`);
  if (!isSizes(shape)) throw malformed(`the shape of ${subject} must be an array of integers of at least 0`);
  if (!isSizes(offsets)) throw malformed(`the data_offsets of ${subject} must be two integers of at least 0`);
  const [begin, end, more] = offsets;
  if (begin === undefined || end === undefined || more !== undefined || end < begin) {
    throw malformed(`the data_offsets of ${subject} are [${offsets}], not where it begins and ends`);
  }
  const bytes = bytesOf(dtype, shape);
  if (bytes !== undefined && bytes !== end - begin) {
    throw malformed(`${subject} has ${end - begin} bytes, but ${dtype} of shape [${shape}] takes ${bytes}`);
  }
  return { name, dtype, shape, begin, end };
}

/** Tensors by the order of their bytes, which must leave no gap and not overlap. */
function inOrder(tensors: PlacedTensor[]): PlacedTensor[] {
  const ordered = tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const tensor of ordered) {
    if (tensor.begin !== end) {
      throw malformed(
        `tensor ${JSON.stringify(tensor.name)} begins at byte ${tensor.begin}, but what is before it ends at ${end}`,
      );
    }
    end = tensor.end;
  }
  return ordered;
}

/** Bytes of a tensor. Products are exact, or too large for any file. */
function bytesOf(dtype: string, shape: readonly number[]): number | undefined {
  if (!Object.hasOwn(BITS, dtype)) return undefined;
  return shape.reduce((product, size) => product * size, (BITS[dtype] ?? Number.NaN) / 8);
}

/** A name that occurs twice in one object of a JSON text, of which `JSON.parse` keeps the last. */
function repeatedName(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, string, colon] of json.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")\s*(:?)|[{}]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (colon === ":" && string !== undefined) {
      const name: string = JSON.parse(string);
      if (open.at(-1)?.has(name)) return name;
      open.at(-1)?.add(name);
    }
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function malformed(why: string, options?: ErrorOptions): Error {
  return coded("ERR_FILE_FORMAT", `not a safetensors file; its header is malformed: ${why}`, options);
}
