/**
 * What a checkpoint file holds, and how it is written and read: a safetensors file, whose metadata names the members (tables, vocabularies)
 * with their options, and whose tensors are the members' parts, one behind the other. Bytes pass in pieces, so that a member is never
 * in memory twice, and nothing that a file says is believed before it has been compared with what a member of these options must have.
 */

import type { LongCallOptions, Source, Target } from "../index.d.ts";
import { coded, isCoded, shown } from "./errors.js";
import { headerOf, readHeader, type Tensor } from "./files/safetensors.js";
import { Reader } from "./files/source.js";
import { writeTo } from "./files/target.js";
import type { KernelRestoring, Part, Persistent } from "./kernel.js";
import { checkNames, isObject } from "./options.js";

/** Bytes of a piece, at most, unless an item is larger. */
const PIECE = 1 << 22;
const VERSION = 1;
/** The metadata entry that has the members. */
const ENTRY = "tallygrad";

/** A member on its way into a file. */
export interface Saving extends Persistent {
  /** What it is: options, and numbers that are in no part. */
  description: Description;
  /** Refuses changes until the function that it gives is called. */
  hold(): () => void;
}

/** What the metadata says of a member. */
export interface Description {
  kind: string;
  [property: string]: unknown;
}

/** A member on its way out of a file. */
export interface Loading<Member> {
  /** The parts that it must have. */
  parts: readonly Part[];
  open(): KernelRestoring<Member>;
}

/** Writes members, by their names, to a file. */
export async function writeCheckpoint(
  target: Target | undefined,
  members: ReadonlyMap<string, Saving | Description>,
  options: LongCallOptions,
): Promise<Blob | undefined> {
  checkWaiting(options);
  const saved = Array.from(members).filter((entry): entry is [string, Saving] => "parts" in entry[1]);
  const sections = saved.map(([name, member]) => ({ name, member, parts: partsIn(member.parts()) }));
  const described = Array.from(members, ([name, member]) => [name, "parts" in member ? member.description : member]);
  const entry = JSON.stringify({ version: VERSION, members: Object.fromEntries(described) }, undefined, 1);
  const tensors = sections.flatMap(({ name, parts }) =>
    parts.map((part) => ({ ...part, name: join(name, part.name) })),
  );
  const header = headerOf(tensors, { format: "tallygrad", [ENTRY]: entry });
  const total = tensors.reduce((sum, part) => sum + bytesOf(part), header.length);
  const releases = saved.map(([, member]) => member.hold());
  try {
    return await writeTo(target, pieces(header, sections), { ...options, total });
  } finally {
    for (const release of releases) release();
  }
}

/** All bytes of a file. Of two pieces in a row, neither shares its bytes with the other. */
async function* pieces(
  header: Uint8Array<ArrayBuffer>,
  sections: readonly { member: Saving; parts: readonly Part[] }[],
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield header;
  let [buffer, other] = [new Uint8Array(0), new Uint8Array(0)];
  for (const { member, parts } of sections) {
    for (const [number, part] of parts.entries()) {
      for (const { first, bytes } of cut(part)) {
        [buffer, other] = [other.length < bytes ? new Uint8Array(Math.max(bytes, PIECE)) : other, buffer];
        const piece = buffer.subarray(0, bytes);
        member.readPart(number, first, piece);
        yield piece;
      }
    }
  }
}

/** Pieces of a part: whole items, from number `first` on. */
function* cut(part: Part): Generator<{ first: number; bytes: number }> {
  const [items = 0] = part.shape;
  const itemBytes = items === 0 ? 0 : bytesOf(part) / items;
  const most = Math.max(1, Math.floor(PIECE / itemBytes));
  for (let first = 0; first < items; first += most) {
    yield { first, bytes: Math.min(most, items - first) * itemBytes };
  }
}

/** Reads members from a file. `loading` says what a member must be like, and throws where that cannot be. */
export async function readCheckpoint<Member extends Disposable>(
  source: Source,
  loading: (name: string, description: Description) => Loading<Member> | undefined,
  options: LongCallOptions,
): Promise<{ members: Map<string, Member>; descriptions: Map<string, Description> }> {
  const reader = await Reader.open(source, options.signal, options.onProgress);
  const members = new Map<string, Member>();
  try {
    const { tensors, metadata } = await readHeader(reader);
    const total = reader.position + (tensors.at(-1)?.end ?? 0);
    const descriptions = descriptionsIn(metadata);
    const expected = Array.from(descriptions, ([name, description]) => ({
      name,
      loading: about(name, () => loading(name, description)),
    }));
    compare(
      expected.flatMap(({ name, loading }) =>
        (loading?.parts ?? []).map((part) => ({ ...part, name: join(name, part.name) })),
      ),
      tensors,
    );
    for (const { name, loading } of expected) {
      if (loading === undefined) continue;
      members.set(name, await restore(reader, name, loading));
    }
    if ((await reader.upTo(1)).length > 0)
      throw malformed(`there are bytes behind byte ${total}, where the file must end`);
    return { members, descriptions };
  } catch (thrown) {
    for (const member of members.values()) member[Symbol.dispose]();
    throw thrown;
  } finally {
    await reader.close();
  }
}

async function restore<Member>(reader: Reader, name: string, loading: Loading<Member>): Promise<Member> {
  const restoring = about(name, () => loading.open());
  try {
    for (const part of loading.parts) {
      for (const { bytes } of cut(part)) {
        const piece = await reader.read(bytes, join(name, part.name));
        about(name, () => restoring.write(piece));
      }
    }
    return about(name, () => restoring.finish());
  } finally {
    restoring.dispose();
  }
}

/** A member that becomes something else once it is there. */
export function becoming<Of, To>({ parts, open }: Loading<Of>, to: (of: Of) => To): Loading<To> {
  return {
    parts,
    open: () => {
      const restoring = open();
      return {
        write: (bytes) => restoring.write(bytes),
        finish: () => to(restoring.finish()),
        dispose: () => restoring.dispose(),
      };
    },
  };
}

/** Checks what a call that takes long may be told. */
export function checkWaiting(options: LongCallOptions): LongCallOptions {
  const { signal, onProgress } = checkNames("options", options, ["signal", "onProgress"]);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw coded("ERR_OPTION_VALUE", `signal must be an AbortSignal, but is ${shown(signal)}`);
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw coded("ERR_OPTION_VALUE", `onProgress must be a function, but is ${shown(onProgress)}`);
  }
  return options;
}

/** What the metadata says of the members. */
function descriptionsIn(metadata: Readonly<Record<string, string>>): Map<string, Description> {
  const entry = metadata[ENTRY];
  if (entry === undefined) {
    throw malformed("the file is safetensors, but not a checkpoint of tallygrad: its metadata has no such entry");
  }
  let content: unknown;
  try {
    content = JSON.parse(entry);
  } catch (cause) {
    throw malformed(`the metadata entry ${ENTRY} is not JSON`, cause);
  }
  const { version, members } = (isObject(content) ? content : {}) as { version?: unknown; members?: unknown };
  if (version !== VERSION) throw malformed(`the checkpoint's version is ${shown(version)}, but must be ${VERSION}`);
  if (!isObject(members)) throw malformed(`the checkpoint's members must be an object, but are ${shown(members)}`);
  const described = Object.entries(members);
  for (const [name, description] of described) {
    if (!isObject(description) || !("kind" in description) || typeof description.kind !== "string") {
      throw malformed(`the member ${shown(name)} must be an object with a kind, but is ${shown(description)}`);
    }
  }
  return new Map(described as [string, Description][]);
}

/** Refuses tensors that are not exactly the parts that the members have. */
function compare(expected: readonly Part[], found: readonly Tensor[]): void {
  for (const [index, part] of expected.entries()) {
    const tensor = found[index];
    if (tensor === undefined) throw malformed(`there is no tensor ${shown(part.name)}`);
    const told = ({ name, dtype, shape }: Part): string => `${shown(name)} of ${dtype} [${shape.join(", ")}]`;
    if (told(tensor) !== told(part)) throw malformed(`tensor ${index} must be ${told(part)}, but is ${told(tensor)}`);
  }
  const more = found[expected.length];
  if (more !== undefined) throw malformed(`the tensor ${shown(more.name)} belongs to no member`);
}

/** Runs a call about one member: whatever is refused there is wrong with the file, unless it is memory that is missing. */
export function about<T>(name: string, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    if (!isCoded(thrown) || KEPT.has(thrown.code)) throw thrown;
    throw malformed(name === "" ? thrown.message : `${name}: ${thrown.message}`, thrown);
  }
}
const KEPT: ReadonlySet<string> = new Set([
  "ERR_OUT_OF_MEMORY",
  "ERR_POISONED",
  "ERR_MISSING_OPTION",
  "ERR_OPTION_CONFLICT",
]);

export function partsIn(json: string): Part[] {
  return JSON.parse(json);
}

function join(member: string, part: string): string {
  return member === "" ? part : `${member}.${part}`;
}

/** Bytes of a number. */
const BYTES: Readonly<Record<string, number>> = { U8: 1, F16: 2, BF16: 2, U32: 4, F32: 4, U64: 8, F64: 8 };

function bytesOf({ dtype, shape }: Part): number {
  return shape.reduce((product, length) => product * length, BYTES[dtype] ?? Number.NaN);
}

function malformed(what: string, cause?: unknown): Error {
  return coded("ERR_FILE_FORMAT", what, cause === undefined ? undefined : { cause });
}
