/**
 * A source's bytes, unzipped if they are gzipped, which their first two bytes tell, not a name. Progress is in bytes of the source.
 */

import type { LongCallOptions, Source } from "../../index.d.ts";
import { coded } from "../errors.js";
import { Reader } from "./source.js";

const MAGIC = [0x1f, 0x8b];
/** Bytes that are unzipped at a time. */
const PIECE = 1 << 16;

/** Reads a source once, in order. Close it in any case. */
export class UnzippedReader {
  readonly #source: Reader;
  readonly #name: string;
  readonly #signal: AbortSignal | undefined;
  /** What comes out of the gzip, if the source is one. */
  #unzipped: Reader | undefined;
  /** What kept the source from being read. */
  #failure: { reason: unknown } | undefined;

  /**
   * Opens a source.
   * @param name What errors call it.
   * @throws What {@link Reader.open} does.
   */
  static async open(source: Source, name: string, { signal, onProgress }: LongCallOptions): Promise<UnzippedReader> {
    const reader = new UnzippedReader(await Reader.open(source, signal, onProgress), name, signal);
    try {
      const first = await reader.#source.peek(MAGIC.length);
      if (MAGIC.every((byte, position) => first[position] === byte)) await reader.#unzip();
      return reader;
    } catch (error) {
      await reader.close();
      throw error;
    }
  }

  private constructor(source: Reader, name: string, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#name = name;
    this.#signal = signal;
  }

  /** The next 1 to `length` bytes, none at the end; valid until the next call. */
  async upTo(length: number): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#unzipped === undefined) return this.#source.upTo(length);
    try {
      return await this.#unzipped.upTo(length);
    } catch (cause) {
      if (this.#failure !== undefined) throw this.#failure.reason;
      this.#signal?.throwIfAborted();
      throw coded("ERR_DATA", `${this.#name} is gzipped, and damaged or cut off`, { cause });
    }
  }

  /** Gives the source back. */
  async close(): Promise<void> {
    // A damaged stream's cancel rejects with what was thrown already.
    await Promise.allSettled([this.#unzipped?.close()]);
    await this.#source.close();
  }

  async #unzip(): Promise<void> {
    if (typeof globalThis.DecompressionStream !== "function") {
      throw coded("ERR_OPTION_VALUE", `this runtime cannot unzip ${this.#name}; pass it unzipped`);
    }
    const zipped = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull: async (controller) => {
          try {
            const bytes = await this.#source.upTo(PIECE);
            if (bytes.length === 0) controller.close();
            else controller.enqueue(bytes.slice());
          } catch (reason) {
            this.#failure = { reason };
            throw reason;
          }
        },
      },
      { highWaterMark: 0 },
    );
    this.#unzipped = await Reader.open(zipped.pipeThrough(new DecompressionStream("gzip")), this.#signal);
  }
}
