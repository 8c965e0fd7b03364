/**
 * Writes a file so that at every moment, whatever happens, its path has all of the old or all of the new content: the new one is written to a
 * temporary file beside it, brought to the disk, and moved into place. A process that is killed meanwhile leaves a hidden file
 * `.name.random.tmp`, which nothing reads and anybody may delete.
 */

import type { FileHandle } from "node:fs/promises";
import { builtin, pathOf } from "./runtime.js";
import type { Sink } from "./target.js";

const INSTEAD = "a WritableStream or a FileSystemFileHandle, or nothing to get a Blob,";
/** Of a file's permissions, what `chmod` takes. */
const PERMISSIONS = 0o7777;
/** What systems say that cannot bring a folder to the disk, or not as one that may only be written. */
const NO_FOLDER_SYNC = ["EACCES", "EBADF", "EINVAL", "EISDIR", "ENOTSUP", "EPERM"];
const MOST_LINKS = 40;

/** A sink for the file at `target`, whose links stay links. Devices and pipes are written where they are. */
export async function fileSink(target: string | URL): Promise<Sink> {
  const fs = builtin("node:fs/promises", INSTEAD);
  const path = await throughLinks(pathOf("target", target, INSTEAD));
  const old = await fs.stat(path).catch(unlessMissing);
  if (old !== undefined && !old.isFile()) return straightSink(await fs.open(path, "w"));

  const { dirname, basename, join } = builtin("node:path", INSTEAD);
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path).slice(0, 40)}.${crypto.randomUUID().slice(0, 8)}.tmp`);
  const handle = await fs.open(temporary, "wx");
  let open = true;
  const close = async (): Promise<void> => {
    if (open) await handle.close();
    open = false;
  };
  return {
    write: (chunk) => writeAll(handle, chunk),
    close: async () => {
      if (old !== undefined) await handle.chmod(old.mode & PERMISSIONS);
      await handle.sync();
      await close();
      await fs.rename(temporary, path);
      await syncFolder(folder);
    },
    abort: async () => {
      await close();
      await fs.rm(temporary, { force: true });
    },
  };
}

function straightSink(handle: FileHandle): Sink {
  return {
    write: (chunk) => writeAll(handle, chunk),
    close: () => handle.close(),
    abort: () => handle.close(),
  };
}

/** A write may take a part of what it is given. */
async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at, chunk.length - at)).bytesWritten;
}

/** Where a path leads, also if there is no file yet: `realpath` wants one. */
async function throughLinks(path: string): Promise<string> {
  const { readlink, realpath } = builtin("node:fs/promises", INSTEAD);
  const { dirname, resolve } = builtin("node:path", INSTEAD);
  let file = resolve(path);
  for (let links = 0; links < MOST_LINKS; links++) {
    const link = await readlink(file).catch(unlessMissing);
    if (link === undefined) return file;
    file = resolve(await realpath(dirname(file)), link);
  }
  return file;
}

/** Nothing, for what is not there or is no link. */
function unlessMissing(error: NodeJS.ErrnoException): undefined {
  // EINVAL: not a link. UNKNOWN: the same on Windows.
  if (!["ENOENT", "EINVAL", "UNKNOWN"].includes(error.code ?? "")) throw error;
}

/** A rename is on the disk when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const { open } = builtin("node:fs/promises", INSTEAD);
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, "r");
    await handle.sync();
  } catch (error) {
    if (!NO_FOLDER_SYNC.includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    await handle?.close();
  }
}
