/**
 * What bytes come from: files, Blobs, memory and streams, read from their start to their end by one class, the same in Node, Bun, Deno and
 * pages. A reader holds one buffer, of the largest piece that was asked for and a constant, and lets the event loop turn.
 */

import type { LongCallOptions, Source } from "../../index.d.ts";
import { coded, shown } from "../errors.js";
import { builtin, orAborted, Pauses, pathOf, tagOf } from "./runtime.js";

/** Bytes that are fetched at a time if less is asked for. */
const AHEAD = 1 << 17;
const INSTEAD = "a Blob, an ArrayBuffer, a Uint8Array or a ReadableStream (of a fetch, response.body)";

/** Where a reader's bytes come from. */
interface Supply {
  /** Bytes there are in all, where that is known beforehand. */
  readonly size: number | undefined;
  /** Writes the next 1 to `room.length` bytes to the start of `room` and gives their number, 0 at the end. */
  fill(room: Uint8Array<ArrayBuffer>): Promise<number>;
  close(): Promise<void>;
}

/** Reads a source once, in order. One call at a time; close it in any case. */
export class Reader {
  readonly #supply: Supply;
  readonly #signal: AbortSignal | undefined;
  readonly #onProgress: LongCallOptions["onProgress"];
  readonly #pauses = new Pauses();
  /** What was fetched and not yet read is from `#start` to `#end`. */
  #buffer = new Uint8Array(AHEAD);
  #start = 0;
  #end = 0;
  #position = 0;

  /**
   * Opens a source.
   * @param onProgress Called with the bytes that were fetched so far.
   * @throws What the file system does (`ENOENT` and so on), TypeError `ERR_WRONG_CLASS`, RangeError `ERR_OPTION_VALUE`.
   */
  static async open(source: Source, signal?: AbortSignal, onProgress?: LongCallOptions["onProgress"]): Promise<Reader> {
    signal?.throwIfAborted();
    return new Reader(await supplyOf(source), signal, onProgress);
  }

  private constructor(supply: Supply, signal: AbortSignal | undefined, onProgress: LongCallOptions["onProgress"]) {
    this.#supply = supply;
    this.#signal = signal;
    this.#onProgress = onProgress;
  }

  /** Bytes of the source, where that is known beforehand: not of streams and pipes. */
  get size(): number | undefined {
    return this.#supply.size;
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#position;
  }

  /**
   * Exactly the next `length` bytes, valid until the next call, anywhere in their buffer. Nothing of this length is allocated
   * before the bytes are there or known to be.
   * @param what They are, for the error.
   * @throws Error `ERR_FILE_FORMAT` if there are fewer.
   */
  async read(length: number, what = `${length} more bytes`): Promise<Uint8Array<ArrayBuffer>> {
    await this.#check();
    const { size } = this;
    if (size !== undefined && length > size - this.#position) throw this.#ended(size, what);
    while (this.#end - this.#start < length) {
      if ((await this.#fetch(length)) === 0) throw this.#ended(this.#position + this.#end - this.#start, what);
    }
    return this.#take(length);
  }

  /** The next 1 to `length` bytes, none at the end; valid until the next call. */
  async upTo(length: number): Promise<Uint8Array<ArrayBuffer>> {
    await this.#check();
    if (this.#start === this.#end) await this.#fetch(1);
    return this.#take(Math.min(length, this.#end - this.#start));
  }

  /** The next `length` bytes, or those there are, valid until the next call. They stay to be read. */
  async peek(length: number): Promise<Uint8Array<ArrayBuffer>> {
    await this.#check();
    while (this.#end - this.#start < length && (await this.#fetch(length)) > 0);
    return this.#buffer.subarray(this.#start, Math.min(this.#start + length, this.#end));
  }

  /**
   * What there is up to and with the next byte `last`, or up to the end, where it may not be there and nothing may be left; valid until
   * the next call.
   * @param most Bytes it may have.
   * @param what It is, for the error.
   */
  async through(last: number, most: number, what: string): Promise<Uint8Array<ArrayBuffer>> {
    await this.#check();
    for (let searched = 0; ; ) {
      const held = this.#buffer.subarray(this.#start, this.#end);
      const found = held.indexOf(last, searched);
      if ((found === -1 ? held.length : found + 1) > most) {
        throw coded("ERR_FILE_FORMAT", `${what} (from byte ${this.#position}) is longer than ${most} bytes`);
      }
      if (found !== -1) return this.#take(found + 1);
      searched = held.length;
      if ((await this.#fetch(2 * searched)) === 0) return this.#take(searched);
    }
  }

  /** Gives the source back: closes the file, cancels the stream. */
  close(): Promise<void> {
    return this.#supply.close();
  }

  async #check(): Promise<void> {
    this.#signal?.throwIfAborted();
    await this.#pauses.pause();
  }

  /** Fetches more, behind what there is. Of an unknown number of bytes, `length` of them may not exist: room doubles as they come. */
  async #fetch(length: number): Promise<number> {
    const held = this.#buffer.subarray(this.#start, this.#end);
    const known = this.size === undefined ? 2 * held.length : length;
    const room = Math.max(AHEAD, Math.min(length, known));
    if (room > this.#buffer.length) this.#buffer = new Uint8Array(room);
    this.#buffer.set(held);
    [this.#start, this.#end] = [0, held.length];
    const fetched = await orAborted(this.#supply.fill(this.#buffer.subarray(this.#end)), this.#signal);
    this.#end += fetched;
    if (fetched > 0) this.#onProgress?.({ done: this.#position + this.#end, total: this.size });
    return fetched;
  }

  #take(length: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#buffer.subarray(this.#start, this.#start + length);
    this.#start += length;
    this.#position += length;
    return bytes;
  }

  #ended(at: number, what: string): Error {
    return coded(
      "ERR_FILE_FORMAT",
      `the file ends at byte ${at}, where ${what} should be (from byte ${this.#position})`,
    );
  }
}

function supplyOf(source: Source): Supply | Promise<Supply> {
  if (typeof source === "string") return fileSupply(source);
  switch (tagOf(source)) {
    case "URL":
      return fileSupply(source as URL);
    case "Blob":
    case "File":
      return new BlobSupply(source as Blob);
    case "Uint8Array":
      return new MemorySupply(source as Uint8Array);
    case "ArrayBuffer":
      return new MemorySupply(new Uint8Array(source as ArrayBuffer));
    case "ReadableStream":
      return new StreamSupply(source as ReadableStream<Uint8Array>);
    default:
      throw coded("ERR_WRONG_CLASS", `source must be a path, a file: URL or ${INSTEAD}, but is ${shown(source)}`);
  }
}

async function fileSupply(source: string | URL): Promise<Supply> {
  const path = pathOf("source", source, INSTEAD);
  const handle = await builtin("node:fs/promises", INSTEAD).open(path, "r");
  try {
    const status = await handle.stat();
    return {
      size: status.isFile() ? status.size : undefined,
      fill: async (room) => (await handle.read(room, 0, room.length)).bytesRead,
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

class MemorySupply implements Supply {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  async fill(room: Uint8Array): Promise<number> {
    const piece = this.#bytes.subarray(this.#at, this.#at + room.length);
    room.set(piece);
    this.#at += piece.length;
    return piece.length;
  }

  async close(): Promise<void> {
    this.#at = this.#bytes.length;
  }
}

class BlobSupply implements Supply {
  readonly #blob: Blob;
  #at = 0;

  constructor(blob: Blob) {
    this.#blob = blob;
  }

  get size(): number {
    return this.#blob.size;
  }

  async fill(room: Uint8Array): Promise<number> {
    const piece = new Uint8Array(await this.#blob.slice(this.#at, this.#at + room.length).arrayBuffer());
    room.set(piece);
    this.#at += piece.length;
    return piece.length;
  }

  async close(): Promise<void> {
    this.#at = this.#blob.size;
  }
}

class StreamSupply implements Supply {
  readonly size = undefined;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** What of the stream's last chunk found no room. */
  #rest = new Uint8Array();

  constructor(stream: ReadableStream<Uint8Array>) {
    if (stream.locked)
      throw coded("ERR_WRONG_CLASS", "source must be a ReadableStream that nobody reads, but is locked");
    this.#reader = stream.getReader();
  }

  async fill(room: Uint8Array): Promise<number> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#reader.read();
      if (done) return 0;
      if (tagOf(value) !== "Uint8Array") {
        throw coded("ERR_WRONG_CLASS", `source must be a stream of Uint8Arrays, but a chunk is ${shown(value)}`);
      }
      this.#rest = value as Uint8Array<ArrayBuffer>;
    }
    const piece = this.#rest.subarray(0, room.length);
    room.set(piece);
    this.#rest = this.#rest.subarray(piece.length);
    return piece.length;
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
    this.#reader.releaseLock();
  }
}
