/** Writing to whatever takes bytes. A file is replaced as a whole or not at all, whenever the process or the machine stops. */

import type { FileHandle as Picked, SaveOptions, SaveTarget } from "../../index.d.ts";
import { coded, shown } from "../errors.js";
import { filesFor } from "./node.js";
import { Pauses } from "./pause.js";

/** What a write may be told, and how many bytes there will be. */
export interface WriteOptions extends SaveOptions {
  total: number;
}

/** Takes pieces in order. */
interface Sink<Result> {
  /** Takes on a piece, once it is done with the one before. */
  write(piece: Uint8Array): Promise<void>;
  /** Ends well. */
  finish(): Promise<Result>;
  /** Ends otherwise: nothing is left of what was written. */
  abandon(reason: unknown): Promise<void>;
}

/**
 * Writes pieces to a target, or to a Blob where there is none. Of two pieces in a row neither may share bytes with the other: the next is
 * made while one is written.
 */
export async function writeTo(
  target: SaveTarget | undefined,
  pieces: AsyncIterable<Uint8Array>,
  { signal, onProgress, total }: WriteOptions,
): Promise<Blob | undefined> {
  signal?.throwIfAborted();
  const sink = await sinkOf(target);
  let done = 0;
  try {
    for await (const piece of pieces) {
      signal?.throwIfAborted();
      await sink.write(piece);
      done += piece.length;
      onProgress?.({ done, total });
    }
    signal?.throwIfAborted();
    return await sink.finish();
  } catch (thrown) {
    await sink.abandon(thrown);
    throw thrown;
  }
}

async function sinkOf(target: SaveTarget | undefined): Promise<Sink<Blob | undefined>> {
  if (target === undefined) return blobSink();
  if (typeof target === "string" || target instanceof URL) return fileSink(target);
  if (target instanceof WritableStream) return streamSink(target);
  if (typeof target === "object" && target !== null && typeof target.createWritable === "function") {
    return streamSink(await (target as Picked).createWritable());
  }
  const expected = "a path, a file: URL, a WritableStream, a file handle, or left out for a Blob";
  throw coded("ERR_WRONG_CLASS", `target must be ${expected}, but is ${shown(target)}`);
}

function blobSink(): Sink<Blob> {
  const blobs: Blob[] = [];
  const pauses = new Pauses();
  return {
    write: async (piece) => {
      blobs.push(new Blob([piece as Uint8Array<ArrayBuffer>]));
      await pauses.pauseIfDue();
    },
    finish: async () => new Blob(blobs),
    abandon: async () => undefined,
  };
}

function streamSink(stream: WritableStream<Uint8Array>): Sink<undefined> {
  const writer = stream.getWriter();
  const pauses = new Pauses();
  return {
    write: async (piece) => {
      await writer.ready;
      // Whoever reads the other end may keep what it is given.
      await writer.write(piece.slice());
      await pauses.pauseIfDue();
    },
    finish: async () => {
      await writer.close();
      return undefined;
    },
    // A stream that has failed cannot be told so, and its own failure is what is thrown.
    abandon: (reason) => writer.abort(reason).catch(ignore),
  };
}

async function fileSink(place: string | URL): Promise<Sink<undefined>> {
  const { fs, dirname, pathOf } = filesFor("target");
  const named = pathOf(place);
  // A link stays one: what it leads to is replaced.
  const path = await fs.realpath(named).catch(unless("ENOENT", named));
  const old = await fs.stat(path).catch(unless("ENOENT", undefined));
  if (old !== undefined && !old.isFile()) {
    throw coded("ERR_OPTION_VALUE", `target must be a file that can be replaced, but is ${path}: pass a stream`);
  }
  const temporary = `${path}.${randomName()}.tmp`;
  const handle = await fs.open(temporary, "wx");
  let writing: Promise<unknown> = Promise.resolve();
  return {
    write: async (piece) => {
      await writing;
      writing = handle.writeFile(piece);
      writing.catch(ignore); // The next call of this sink throws it.
    },
    finish: async () => {
      await writing;
      if (old !== undefined) await handle.chmod(old.mode & 0o7777);
      await handle.sync();
      await handle.close();
      await fs.rename(temporary, path);
      await syncFolder(fs, dirname(path));
      return undefined;
    },
    abandon: async () => {
      await writing.catch(ignore);
      await handle.close().catch(ignore); // It may be closed already.
      await fs.rm(temporary, { force: true });
    },
  };
}

/** Makes the folder's new entry last. Windows has no such call, and refuses to open a folder. */
async function syncFolder(fs: typeof import("node:fs/promises"), folder: string): Promise<void> {
  const handle = await fs.open(folder).catch(unless(["EISDIR", "EPERM", "EACCES"], undefined));
  if (handle === undefined) return;
  try {
    await handle.sync().catch(unless(["EINVAL", "EPERM", "ENOTSUP"], undefined));
  } finally {
    await handle.close();
  }
}

/** What to do with an error: a value in place of those of some codes, and the error itself else. */
function unless<Value>(codes: string | readonly string[], value: Value): (error: unknown) => Value {
  return (error) => {
    if (error instanceof Error && "code" in error && [codes].flat().includes(error.code as string)) return value;
    throw error;
  };
}

/** What a failure means that comes second, or is thrown elsewhere: nothing. */
function ignore(): void {
  return;
}

function randomName(): string {
  return crypto.getRandomValues(new Uint32Array(2)).join("-");
}
