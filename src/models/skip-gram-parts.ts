/** What a skip-gram model consists of. */

import type { SkipGramOptions } from "../../models.d.ts";
import type { KernelSkipGram, SkipGramSettings } from "../kernel.js";
import {
  attempt,
  checkNames,
  chooseKernel,
  coded,
  type EmbeddingTable,
  integer,
  isObject,
  shown,
  type Vocabulary,
} from "./core.js";

const OPTIONS = [
  ...["dim", "window", "negatives", "minCount", "subsample", "power", "optimizer", "batchWords", "seed", "backend"],
  "threads",
];
/** Where the kernel's window ends if the model's does not. */
const MOST_WINDOW = 100;

/** What a model is told once. */
export interface Settings extends SkipGramSettings {
  minCount: number;
  batchWords: number;
}

/** What a model has once its words are counted. */
export interface Words {
  vocabulary: Vocabulary;
  counts: Float64Array;
  vectors: EmbeddingTable;
  contexts: EmbeddingTable;
  kernel: KernelSkipGram;
  /** Words read so far, in all epochs. */
  place: number;
}

/** In place of options, makes a model around what is there already. */
export class Interior {
  constructor(
    readonly settings: Settings,
    readonly words: Words,
  ) {}
}

export function kernelFor(settings: Settings, counts: Float64Array, { backend }: EmbeddingTable): KernelSkipGram {
  const { kernel } = chooseKernel(backend.kind);
  const { minCount: _, batchWords: __, ...own } = settings;
  return attempt(() => kernel.createSkipGram(own, counts));
}

export function checkedSettings(options: SkipGramOptions): Settings {
  if (!isObject(options)) throw coded("ERR_OPTION_VALUE", `options must be an object, but is ${shown(options)}`);
  const given = checkNames("options", options, OPTIONS);
  const window = given.window === "all" ? 0 : integer("window", given.window ?? 5, 1, MOST_WINDOW);
  return {
    dim: integer("dim", given.dim ?? 100, 1, 65_536),
    window,
    negatives: integer("negatives", given.negatives ?? 5, 1, 1000),
    subsample: number("subsample", given.subsample ?? 1e-3, 0),
    power: number("power", given.power ?? 0.75, 0),
    seed: integer("seed", given.seed ?? 0, 0, Number.MAX_SAFE_INTEGER),
    minCount: integer("minCount", given.minCount ?? 5, 1, Number.MAX_SAFE_INTEGER),
    batchWords: integer("batchWords", given.batchWords ?? 1024, 1, 2 ** 20),
  };
}

function number(name: string, value: unknown, least: number): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= least) return value;
  throw coded("ERR_OPTION_VALUE", `${name} must be a finite number of at least ${least}, but is ${shown(value)}`);
}
