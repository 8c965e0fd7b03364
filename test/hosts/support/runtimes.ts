/**
 * The runtimes that programs are tested with, besides browsers: this Node, and those that the folder above installs where they exist
 * for the platform.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface Description {
  readonly name: string;
  /** What its own version looks like, as `test/hosts/suite/run.ts` reports it. */
  readonly version: RegExp;
  /** Arguments before the program. */
  readonly before?: readonly string[];
  /** Further ones, if it is a program that reads files. */
  readonly reading?: readonly string[];
  /** Default: both. */
  readonly backends?: readonly ("native" | "wasm")[];
}

export interface Runtime extends Required<Description> {
  /** The executable. */
  readonly path: string;
  /** Why it is not here, if it is not. */
  readonly missing: string | undefined;
}

/** Deno asks for each permission; the suite's matchers look at these variables for colours. tallygrad itself wants none. */
const colours = "--allow-env=CI,FORCE_COLOR,FORCE_TTY,NO_COLOR,TERM";
const major = process.versions.node.split(".")[0];

export const runtimes: readonly Runtime[] = [
  runtime(process.execPath, { name: `node ${major}, this one`, version: new RegExp(`^Node ${major}\\.`) }),
  runtime(installed("node22/bin/node"), { name: "node 22", version: /^Node 22\./ }),
  runtime(installed("node24/bin/node"), { name: "node 24", version: /^Node 24\./ }),
  runtime(installed("@oven/bun-linux-x64/bin/bun"), { name: "bun", version: /^Bun 1\./ }),
  runtime(installed("@deno/linux-x64-glibc/deno"), {
    name: "deno",
    version: /^Deno 2\./,
    before: ["run", "--no-prompt", colours],
    reading: ["--allow-read"],
    backends: ["wasm"],
  }),
];

/** The packages of runtimes are for linux-x64; there, one that is missing is a broken installation and not a reason to skip. */
function runtime(path: string, description: Description): Runtime {
  const platform = `${process.platform}-${process.arch}`;
  const missing = existsSync(path) || platform === "linux-x64" ? undefined : `not installed on ${platform}`;
  return { before: [], reading: [], backends: ["native", "wasm"], ...description, path, missing };
}

function installed(path: string): string {
  return fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url));
}
