/** Reading from whatever holds bytes, from its start to its end, and never more at once than was asked for. */

import type { Source } from "../../index.d.ts";
import { coded, shown } from "../errors.js";
import { filesFor } from "./node.js";
import { Pauses } from "./pause.js";

/** Something that gives its bytes one after the other. */
interface Tap {
  size: number | undefined;
  /** Fills `room` or a beginning of it, and gives how many bytes that are: 0 at the end only. */
  fill(room: Uint8Array): Promise<number>;
  close(): Promise<void>;
}

/** Reads a source from its start to its end. */
export class Reader {
  readonly #tap: Tap;
  readonly #signal: AbortSignal | undefined;
  #buffer = new Uint8Array(0);
  #other = new Uint8Array(0);
  #position = 0;

  private constructor(tap: Tap, signal: AbortSignal | undefined) {
    this.#tap = tap;
    this.#signal = signal;
  }

  static async open(source: Source, signal?: AbortSignal): Promise<Reader> {
    signal?.throwIfAborted();
    return new Reader(await tapOf(source), signal);
  }

  /** Bytes in all, if that can be told. */
  get size(): number | undefined {
    return this.#tap.size;
  }

  /** Bytes so far. */
  get position(): number {
    return this.#position;
  }

  /** The next `length` bytes. They are there until the call after the next, so that a piece can be worked on while the next one comes. */
  async read(length: number): Promise<Uint8Array> {
    const start = this.#position;
    const bytes = await this.upTo(length);
    if (bytes.length === length) return bytes;
    throw coded(
      "ERR_FILE_FORMAT",
      `the file ends at byte ${this.#position}, but must have ${length} from byte ${start} on`,
    );
  }

  /** The same, or fewer if there are no more. */
  async upTo(length: number): Promise<Uint8Array> {
    const buffer = this.#other.length < length ? new Uint8Array(length) : this.#other;
    [this.#buffer, this.#other] = [buffer, this.#buffer];
    let filled = 0;
    while (filled < length) {
      this.#signal?.throwIfAborted();
      const count = await this.#tap.fill(buffer.subarray(filled, length));
      if (count === 0) break;
      filled += count;
      this.#position += count;
    }
    return buffer.subarray(0, filled);
  }

  close(): Promise<void> {
    return this.#tap.close();
  }
}

async function tapOf(source: Source): Promise<Tap> {
  if (typeof source === "string" || source instanceof URL) return fileTap(source);
  if (source instanceof Blob) return blobTap(source);
  if (source instanceof ArrayBuffer) return bytesTap(new Uint8Array(source));
  if (source instanceof Uint8Array) return bytesTap(source);
  if (source instanceof ReadableStream) return streamTap(source);
  const expected = "a path, a file: URL, a Blob, an ArrayBuffer, a Uint8Array or a ReadableStream";
  throw coded("ERR_WRONG_CLASS", `source must be ${expected}, but is ${shown(source)}`);
}

async function fileTap(place: string | URL): Promise<Tap> {
  const { fs, pathOf } = filesFor("source");
  const handle = await fs.open(pathOf(place));
  try {
    const status = await handle.stat();
    return {
      size: status.isFile() ? status.size : undefined,
      fill: async (room) => (await handle.read(room, 0, room.length, null)).bytesRead,
      close: () => handle.close(),
    };
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
}

function blobTap(blob: Blob): Tap {
  let position = 0;
  return {
    size: blob.size,
    fill: async (room) => {
      const bytes = new Uint8Array(await blob.slice(position, position + room.length).arrayBuffer());
      room.set(bytes);
      position += bytes.length;
      return bytes.length;
    },
    close: async () => undefined,
  };
}

function bytesTap(bytes: Uint8Array): Tap {
  let position = 0;
  const pauses = new Pauses();
  return {
    size: bytes.length,
    fill: async (room) => {
      await pauses.pauseIfDue();
      const piece = bytes.subarray(position, position + room.length);
      room.set(piece);
      position += piece.length;
      return piece.length;
    },
    close: async () => undefined,
  };
}

function streamTap(stream: ReadableStream<Uint8Array>): Tap {
  const reader = stream.getReader();
  let rest = new Uint8Array(0);
  let ended = false;
  const pauses = new Pauses();
  return {
    size: undefined,
    fill: async (room) => {
      await pauses.pauseIfDue();
      while (rest.length === 0 && !ended) {
        const { done, value } = await reader.read();
        ended = done;
        if (done) break;
        if (!(value instanceof Uint8Array)) {
          throw coded("ERR_WRONG_CLASS", `source must be a stream of Uint8Arrays, but gave ${shown(value)}`);
        }
        rest = value as Uint8Array<ArrayBuffer>;
      }
      const piece = rest.subarray(0, room.length);
      room.set(piece);
      rest = rest.subarray(piece.length);
      return piece.length;
    },
    close: async () => {
      if (!ended) await reader.cancel();
      reader.releaseLock();
    },
  };
}
