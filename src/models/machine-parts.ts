/** What a machine consists of, whether it is new, a copy or out of a file. */

import type { MachineOptions } from "../../models.d.ts";
import type { KernelMachine } from "../kernel.js";
import { attempt, chooseKernel, coded, type EmbeddingTable, integer, shown, type Vocabulary } from "./core.js";
import type { Fields } from "./fields.js";

/** The most floats of a vector, and units of a layer with one behind for the bias. */
export const MOST_DIM = 65_536;

/** Everything that a machine is. In place of options it makes one around what is there already. */
export class Interior {
  constructor(
    readonly settings: Settings,
    readonly fields: Fields,
    readonly tables: Tables,
    readonly vocabulary: Vocabulary | undefined,
    readonly kernel: KernelMachine,
  ) {}
}

/** What is saved of a machine besides its tables. */
export interface Settings {
  kind: "factorization-machine" | "deep-fm";
  fields: MachineOptions["fields"];
  loss: "logistic" | "squared";
  /** `null` before it is known. */
  intercept: number | null;
  seed: number;
  hidden: readonly number[];
}

/** A machine's tables; layers, if it has a network. */
export interface Tables {
  vectors: EmbeddingTable;
  biases: EmbeddingTable;
  layers: readonly EmbeddingTable[];
}

/** The arithmetic for these parts. */
export function kernelFor({ loss, hidden }: Settings, fields: Fields, { vectors }: Tables): KernelMachine {
  const { kernel } = chooseKernel(vectors.backend.kind);
  const shape = { fields: fields.count, dim: vectors.dim, logistic: loss === "logistic", hidden: [...hidden] };
  return attempt(() => kernel.createMachine(shape));
}

/** All tables, by the names that they are saved under. */
export function namedTables({ vectors, biases, layers }: Tables): [string, EmbeddingTable][] {
  const named = layers.map((layer, index): [string, EmbeddingTable] => [`layers.${index}`, layer]);
  return [["vectors", vectors], ["biases", biases], ...named];
}

export function cloned({ vectors, biases, layers }: Tables): Tables {
  return { vectors: vectors.clone(), biases: biases.clone(), layers: layers.map((layer) => layer.clone()) };
}

/** Widths of hidden layers. */
export function checkedHidden(hidden: readonly number[]): readonly number[] {
  if (!Array.isArray(hidden) || hidden.length === 0) {
    throw coded("ERR_OPTION_VALUE", `hidden must be an array of at least one width, but is ${shown(hidden)}`);
  }
  return Array.from(hidden as number[], (width, layer) => integer(`hidden[${layer}]`, width, 1, MOST_DIM - 1));
}
