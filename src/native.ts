/** Loads the native addon that lies beside this file. Nothing is loaded before the first table. */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { coded } from "./errors.js";
import type {
  Kernel,
  KernelMachine,
  KernelOptions,
  KernelRestoring,
  KernelRestoringVocabulary,
  KernelSkipGram,
  KernelTable,
  KernelVocabulary,
  MachineShape,
  SkipGramSettings,
  VocabularyGiven,
} from "./kernel.js";
import { MOST_THREADS } from "./options.js";

/** What the addon exports; `test/types.test-d.ts` holds it against the declarations that napi-rs generates. */
export interface Addon {
  catalogue(): string;
  availableThreads(): number;
  digest(text: string): string;
  updateTogether: Kernel["updateTogether"];
  partsOf: Kernel["partsOf"];
  NativeMachine: new (fields: number, dim: number, logistic: boolean, hidden: number[]) => AddonMachine;
  NativeSkipGram: new (settings: SkipGramSettings, counts: Float64Array) => KernelSkipGram;
  NativeVocabulary: new (options: VocabularyGiven) => KernelVocabulary;
  NativeRestoringVocabulary: new (options: VocabularyGiven, progress: number[]) => KernelRestoringVocabulary;
  NativeRestoring: new (options: KernelOptions, progress: number[]) => KernelRestoring<KernelTable>;
  NativeTable: new (options: KernelOptions, counts?: Float64Array | null, values?: Float32Array | null) => KernelTable;
}

/** A machine, with the arrays of a batch one by one. */
interface AddonMachine {
  step(
    tables: KernelTable[],
    intercept: number,
    ids: Uint32Array,
    offsets: Uint32Array | undefined | null,
    factors: Float32Array | undefined | null,
    labels: Float32Array,
    weights: Float32Array | undefined | null,
  ): number;
  predict(
    tables: KernelTable[],
    intercept: number,
    ids: Uint32Array,
    offsets: Uint32Array | undefined | null,
    factors: Float32Array | undefined | null,
    out: Float32Array,
  ): void;
  dispose(): void;
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
    digest: (text) => addon.digest(text),
    createMachine: (shape) => machineOf(addon, shape),
    createSkipGram: (settings, counts) => new addon.NativeSkipGram(settings, counts),
    updateTogether: (tables, ids, gradients, scale) => addon.updateTogether(tables, ids, gradients, scale),
  };
}

function machineOf(addon: Addon, { fields, dim, logistic, hidden }: MachineShape): KernelMachine {
  const machine = new addon.NativeMachine(fields, dim, logistic, hidden);
  return {
    step: (tables, intercept, { ids, offsets, factors }, labels, weights) =>
      machine.step(tables, intercept, ids, offsets, factors, labels, weights),
    predict: (tables, intercept, { ids, offsets, factors }, out) =>
      machine.predict(tables, intercept, ids, offsets, factors, out),
    dispose: () => machine.dispose(),
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
