/**
 * Headers of safetensors files: 8 bytes with the length of a JSON text, the text, and then the tensors' bytes, one tensor behind the other.
 * A header is checked in all that the format asks for before anything is done with it.
 */

import { coded, isCoded, shown } from "../errors.js";
import { isObject } from "../options.js";
import type { Reader } from "./source.js";

/** The most bytes of a header. */
const MOST_HEADER = 1 << 24;
/** The bytes of tensors begin at a multiple of this, for those who map files into memory. */
const ALIGNMENT = 64;

/** Bytes of a number. */
const BYTES: Readonly<Record<string, number>> = {
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E4M3: 1, F8_E5M2: 1 },
  ...{ U16: 2, I16: 2, F16: 2, BF16: 2 },
  ...{ U32: 4, I32: 4, F32: 4 },
  ...{ U64: 8, I64: 8, F64: 8 },
};

/** Name and kind of a tensor. */
export interface Named {
  name: string;
  dtype: string;
  shape: readonly number[];
}

/** A tensor of a file: its bytes are those from `begin` up to `end`, counted from behind the header. */
export interface Tensor extends Named {
  begin: number;
  end: number;
}

/** What a header says. */
export interface Header {
  /** In the order of their bytes. */
  tensors: readonly Tensor[];
  metadata: Readonly<Record<string, string>>;
  /** Where the tensors' bytes begin. */
  dataStart: number;
}

/** Bytes of all numbers of a tensor. */
export function bytesOf({ dtype, shape }: Omit<Named, "name">): number {
  return shape.reduce((product, length) => product * length, BYTES[dtype] ?? Number.NaN);
}

/** The header of a file that has tensors in this order, behind which their bytes follow. */
export function headerOf(tensors: readonly Named[], metadata: Readonly<Record<string, string>>): Uint8Array {
  let end = 0;
  const entries = tensors.map((tensor) => {
    const begin = end;
    end += bytesOf(tensor);
    return [tensor.name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] }];
  });
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries([["__metadata__", metadata], ...entries])));
  const length = Math.ceil((8 + text.length) / ALIGNMENT) * ALIGNMENT - 8;
  if (length > MOST_HEADER)
    throw coded("ERR_OUT_OF_MEMORY", `the header has ${length} bytes, but may have ${MOST_HEADER}`);
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, 8);
  return header;
}

/** Reads the header of a file, from whose start on nothing has been read. */
export async function readHeader(reader: Reader): Promise<Header> {
  const start = await reader.read(8);
  const length = new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MOST_HEADER)) {
    throw malformed(
      `the file is not safetensors: it would have a header of ${length} bytes, but ${MOST_HEADER} are the most`,
    );
  }
  const content = parsed(await reader.read(Number(length)));
  const { __metadata__: metadata = {}, ...entries } = content;
  const tensors = Object.entries(entries).map(([name, entry]) => tensorOf(name, entry));
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const tensor of tensors) {
    if (tensor.begin !== end)
      throw malformed(`the bytes of ${shown(tensor.name)} must begin at ${end}, but do at ${tensor.begin}`);
    end = tensor.end;
  }
  return { tensors, metadata: texts(metadata), dataStart: 8 + Number(length) };
}

function parsed(text: Uint8Array): Record<string, unknown> {
  try {
    const content: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
    if (isObject(content)) return content as Record<string, unknown>;
    throw malformed(`the file's header must be an object, but is ${shown(content)}`);
  } catch (cause) {
    if (isCoded(cause) && cause.code === "ERR_FILE_FORMAT") throw cause;
    throw malformed("the file is not safetensors: its header is not JSON", cause);
  }
}

function texts(metadata: unknown): Record<string, string> {
  if (isObject(metadata) && Object.values(metadata).every((value) => typeof value === "string")) {
    return metadata as Record<string, string>;
  }
  throw malformed("the file's metadata must be an object of strings");
}

function tensorOf(name: string, entry: unknown): Tensor {
  const { dtype, shape, data_offsets } = (isObject(entry) ? entry : {}) as Record<string, unknown>;
  if (typeof dtype !== "string" || BYTES[dtype] === undefined) {
    throw malformed(
      `the dtype of ${shown(name)} must be one of ${Object.keys(BYTES).join(", ")}, but is ${shown(dtype)}`,
    );
  }
  if (!areSizes(shape))
    throw malformed(`the shape of ${shown(name)} must be an array of sizes, but is ${shown(shape)}`);
  const offsets: unknown = data_offsets;
  if (!areSizes(offsets) || offsets.length !== 2) throw malformed(`${shown(name)} must have two data_offsets`);
  const [begin = 0, end = 0] = offsets;
  const bytes = bytesOf({ dtype, shape });
  if (end - begin !== bytes) throw malformed(`${shown(name)} has ${end - begin} bytes, but its shape takes ${bytes}`);
  return { name, dtype, shape, begin, end };
}

function areSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function malformed(what: string, cause?: unknown): Error {
  return coded("ERR_FILE_FORMAT", what, cause === undefined ? undefined : { cause });
}
