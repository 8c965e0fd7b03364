/** Loads the native addon that lies beside this file. Nothing is loaded before the first table. */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { coded } from "./errors.js";
import type {
  Kernel,
  KernelOptions,
  KernelRestoring,
  KernelRestoringVocabulary,
  KernelTable,
  KernelVocabulary,
  VocabularyGiven,
} from "./kernel.js";
import { MOST_THREADS } from "./options.js";

/** What the addon exports; `test/types.test-d.ts` holds it against the declarations that napi-rs generates. */
export interface Addon {
  catalogue(): string;
  availableThreads(): number;
  updateTogether: Kernel["updateTogether"];
  partsOf: Kernel["partsOf"];
  NativeVocabulary: new (options: VocabularyGiven) => KernelVocabulary;
  NativeRestoringVocabulary: new (options: VocabularyGiven, progress: number[]) => KernelRestoringVocabulary;
  NativeRestoring: new (options: KernelOptions, progress: number[]) => KernelRestoring<KernelTable>;
  NativeTable: new (options: KernelOptions, counts?: Float64Array | null, values?: Float32Array | null) => KernelTable;
}

/** File names by platform, in the order to try: on Linux the C library decides. */
const ABIS: Partial<Record<NodeJS.Platform, string[]>> = { linux: ["-gnu", "-musl"], win32: ["-msvc"], darwin: [""] };

/** The native backend, or an error that says which files were looked for and what to do. */
export function loadNative(): Kernel {
  const addon = requireAddon();
  return {
    kind: "native",
    threads: addon.availableThreads(),
    mostThreads: MOST_THREADS,
    catalogue: JSON.parse(addon.catalogue()),
    create: (options, counts, values) => new addon.NativeTable(options, counts, values),
    partsOf: (options, runs) => addon.partsOf(options, runs),
    restore: (options, progress) => new addon.NativeRestoring(options, progress),
    createVocabulary: (options) => new addon.NativeVocabulary(options),
    restoreVocabulary: (options, progress) => new addon.NativeRestoringVocabulary(options, progress),
    updateTogether: (tables, ids, gradients, scale) => addon.updateTogether(tables, ids, gradients, scale),
  };
}

function requireAddon(): Addon {
  const require = createRequire(import.meta.url);
  const platform = `${process.platform}-${process.arch}`;
  const files = (ABIS[process.platform] ?? [""]).map((abi) => `tallygrad.${platform}${abi}.node`);
  const failures: string[] = [];
  let cause: unknown;
  for (const file of files) {
    const path = fileURLToPath(new URL(file, import.meta.url));
    if (!existsSync(path)) {
      failures.push(`${path} does not exist`);
      continue;
    }
    try {
      return require(path);
    } catch (failure) {
      cause = failure;
      failures.push(`${path} cannot be loaded: ${failure instanceof Error ? failure.message : failure}`);
    }
  }
  const advice = "In a clone of the repository run `npm run build`, which needs Rust and a C compiler.";
  throw coded("ERR_ADDON_MISSING", `the native addon for ${platform} is missing: ${failures.join("; ")}. ${advice}`, {
    cause,
  });
}
