/**
 * Node's own modules, in the runtimes that have them. They are asked for by name and not imported, so that bundles for browsers find nothing
 * to follow.
 */

import { coded } from "../errors.js";

interface Modules {
  "node:fs/promises": typeof import("node:fs/promises");
  "node:path": typeof import("node:path");
  "node:url": typeof import("node:url");
}

function module<Name extends keyof Modules>(name: Name): Modules[Name] | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return process?.getBuiltinModule?.(name) as Modules[Name] | undefined;
}

/** What it takes to work on files. */
export interface Files {
  fs: typeof import("node:fs/promises");
  dirname(path: string): string;
  /** The path that a path or `file:` URL means. */
  pathOf(place: string | URL): string;
}

/** The runtime's files, for an `argument` that is a path, or an error that says what to pass instead. */
export function filesFor(argument: string): Files {
  const [fs, path, url] = [module("node:fs/promises"), module("node:path"), module("node:url")];
  if (fs === undefined || path === undefined || url === undefined) {
    const instead = argument === "source" ? "a Blob, bytes or a stream" : "a stream or file handle";
    throw coded("ERR_WRONG_CLASS", `${argument} is a path, but this runtime has no files: pass ${instead}`);
  }
  const pathOf = (place: string | URL): string => {
    if (typeof place === "string") return place;
    if (place.protocol === "file:") return url.fileURLToPath(place);
    throw coded("ERR_OPTION_VALUE", `${argument} must be a file: URL, but is ${place.href}`);
  };
  return { fs, dirname: path.dirname, pathOf };
}
