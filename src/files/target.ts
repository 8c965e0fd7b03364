/**
 * What bytes go to: files, streams, files of a page's own file system, or a Blob. A target has all the bytes in the end, or is as it was: a file is
 * written beside its place and moved there, streams are aborted.
 */

import type { LongCallOptions, Target } from "../../index.d.ts";
import { coded, shown } from "../errors.js";
import { fileSink } from "./file-sink.js";
import { orAborted, Pauses, tagOf } from "./runtime.js";

/** Where chunks go. */
export interface Sink {
  /** Resolves when the bytes were taken: then the chunk may change. */
  write(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Makes what was written the target's content. */
  close(): Promise<void>;
  /** Leaves or makes the target as it was, as far as it can be. */
  abort(reason: unknown): Promise<void>;
}

/** What {@link writeTo} may be told. */
export interface WriteOptions extends LongCallOptions {
  /** Bytes there will be, for `onProgress`. */
  total?: number | undefined;
}

/**
 * Writes `chunks` to `target`, or to a Blob if there is none. While a chunk is written the next is produced, so **a chunk must stay as it is until
 * the chunk after the next is requested**: a producer needs two buffers and takes them by turns.
 * @throws What the producer, the target or `onProgress` throws, or the signal's reason.
 */
export async function writeTo(
  target: Target | undefined,
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  options: WriteOptions = {},
): Promise<Blob | undefined> {
  const { signal } = options;
  signal?.throwIfAborted();
  const parts: Blob[] = [];
  const sink = target === undefined ? blobSink(parts) : await sinkOf(target);
  try {
    await pump(chunks, sink, options);
    signal?.throwIfAborted();
    await orAborted(sink.close(), signal);
  } catch (error) {
    // Why it failed is worth more than what cleaning up might add; a file left behind is harmless.
    await Promise.allSettled([sink.abort(error)]);
    throw error;
  }
  return target === undefined ? new Blob(parts) : undefined;
}

async function pump(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  sink: Sink,
  { signal, onProgress, total }: WriteOptions,
): Promise<void> {
  const iterator = chunks[Symbol.asyncIterator]();
  const pauses = new Pauses();
  let done = 0;
  try {
    let next = await iterator.next();
    while (!next.done) {
      signal?.throwIfAborted();
      const chunk = next.value;
      // Both have ended before anything is cleaned up.
      const [written, produced] = await Promise.allSettled([orAborted(sink.write(chunk), signal), iterator.next()]);
      if (written.status === "rejected") throw written.reason;
      done += chunk.length;
      onProgress?.({ done, total });
      if (produced.status === "rejected") throw produced.reason;
      next = produced.value;
      await pauses.pause();
    }
  } finally {
    await iterator.return?.();
  }
}

async function sinkOf(target: Target): Promise<Sink> {
  if (typeof target === "string" || tagOf(target) === "URL") return fileSink(target as string | URL);
  if (tagOf(target) === "WritableStream") return streamSink(target as WritableStream<Uint8Array>, true);
  if (typeof target === "object" && target !== null && "createWritable" in target) {
    return streamSink(await target.createWritable(), false);
  }
  throw coded(
    "ERR_WRONG_CLASS",
    `target must be a path, a file: URL, a WritableStream or a FileSystemFileHandle, but is ${shown(target)}`,
  );
}

/**
 * @param keeps Whether the stream may keep chunks. What `createWritable` gives has copied a chunk when its write resolves, and replaces
 *   the file when it is closed and not before.
 */
function streamSink(stream: WritableStream<Uint8Array>, keeps: boolean): Sink {
  if (stream.locked)
    throw coded("ERR_WRONG_CLASS", "target must be a WritableStream that nobody writes, but is locked");
  const writer = stream.getWriter();
  return {
    write: (chunk) => writer.write(keeps ? chunk.slice() : chunk),
    close: () => writer.close(),
    abort: async (reason) => {
      const aborted = Promise.allSettled([writer.abort(reason)]);
      // A stream that takes nothing would never end the write that it has begun.
      if (!keeps) await aborted;
    },
  };
}

/** A Blob copies what it is made of, and one made of Blobs shares their bytes. */
function blobSink(parts: Blob[]): Sink {
  return {
    write: async (chunk) => {
      parts.push(new Blob([chunk]));
    },
    close: async () => undefined,
    abort: async () => undefined,
  };
}
