/** Tables of several features, as users see them: sorts a batch by tables, and has the kernel take all their steps as one. */

import type {
  EmbeddingTables as Contract,
  FeatureBatch,
  Ids,
  EmbeddingTable as Table,
  TableOptions,
  UpdateOptions,
} from "../index.d.ts";
import { checkedId, idBits, isSigned, usable } from "./arguments.js";
import { chooseKernel } from "./backend.js";
import { scaleOf } from "./call-options.js";
import { attempt, beforeStep, EmbeddingTable } from "./embedding-table.js";
import { coded, isCoded, shown } from "./errors.js";
import type { Kernel } from "./kernel.js";
import { isObject, nearest } from "./options.js";

/** What a feature brings to a batch, checked for class and buffer. */
interface Part {
  feature: string;
  bits: Uint32Array;
  gradients: Float32Array;
}

/** Who has a table. */
interface Shared {
  features: string[];
  stage: Stage;
}

/** See index.d.ts. */
export class EmbeddingTables<Feature extends string = string> implements Contract<Feature> {
  readonly features: readonly Feature[];
  readonly #kernel: Kernel;
  /** Each table once. */
  readonly #tables = new Map<EmbeddingTable, Shared>();
  readonly #tableOf = new Map<string, EmbeddingTable>();

  constructor(features: Readonly<Record<Feature, TableOptions | Table | string>>) {
    if (!isObject(features)) throw coded("ERR_OPTION_VALUE", `features must be an object, but is ${shown(features)}`);
    const entries = Object.entries(features) as [Feature, TableOptions | EmbeddingTable | string][];
    if (entries.length === 0) throw coded("ERR_MISSING_OPTION", "at least one feature is required");
    this.features = Object.freeze(entries.map(([feature]) => feature));
    const made: EmbeddingTable[] = [];
    try {
      for (const [feature, given] of entries) {
        if (typeof given === "string") continue;
        const there = given instanceof EmbeddingTable;
        const table = there ? given : naming(feature, () => new EmbeddingTable(given));
        if (!there) made.push(table);
        this.#add(feature, table);
      }
      for (const [feature, shared] of entries) {
        if (typeof shared === "string") this.#add(feature, this.#find(shared, `${feature} shares the table of`));
      }
      const kinds = new Set(Array.from(this.#tables.keys(), ({ backend }) => backend.kind));
      if (kinds.size > 1) {
        throw coded("ERR_OPTION_CONFLICT", "all tables must run on one backend, but some are native and some wasm");
      }
      this.#kernel = chooseKernel([...kinds][0]).kernel;
    } catch (thrown) {
      for (const table of made) table.dispose();
      throw thrown;
    }
  }

  table(feature: Feature): EmbeddingTable {
    return this.#find(feature, "there is no feature");
  }

  lookup<Asked extends Feature>(ids: Readonly<Record<Asked, Ids>>): Record<Asked, Float32Array> {
    if (!isObject(ids)) throw coded("ERR_WRONG_CLASS", `ids must be an object, but is ${shown(ids)}`);
    const asked = Object.entries(ids).map(([feature, ids]) => ({
      feature,
      ids,
      table: this.table(feature as Feature),
    }));
    const vectors = asked.map(({ feature, ids, table }) => [feature, naming(feature, () => table.lookup(ids as Ids))]);
    return Object.fromEntries(vectors);
  }

  update(batch: Readonly<Partial<Record<Feature, FeatureBatch>>>, options?: UpdateOptions): number {
    const scale = options === undefined ? 1 : scaleOf(options);
    const read = this.#read(batch);
    const tables = Array.from(this.#tables).filter(([, { features }]) => features.some((feature) => read.has(feature)));
    // Schedules may be functions of the user's: they are called before arrays are looked at.
    const kernels = tables.map(([table, { features }]) => naming(features[0] ?? "", () => beforeStep(table)));
    const parts = tables.map(([table, { features }]) =>
      features.flatMap((feature) => {
        const given = read.get(feature);
        return given === undefined ? [] : [partOf(feature, given, table)];
      }),
    );
    const joined = tables.map(([, { stage }], index) => stage.join(parts[index] ?? []));
    try {
      return attempt(() =>
        this.#kernel.updateTogether(
          kernels,
          joined.map(({ bits }) => bits),
          joined.map(({ gradients }) => gradients),
          scale,
        ),
      );
    } catch (thrown) {
      throw named(
        thrown,
        parts,
        tables.map(([table]) => table.dim),
      );
    }
  }

  dispose(): void {
    for (const [table, shared] of this.#tables) {
      table.dispose();
      shared.stage = new Stage();
    }
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #add(feature: Feature, table: EmbeddingTable): void {
    this.#tableOf.set(feature, table);
    const shared = this.#tables.get(table);
    if (shared === undefined) this.#tables.set(table, { features: [feature], stage: new Stage() });
    else shared.features.push(feature);
  }

  #find(feature: string, context: string): EmbeddingTable {
    const table = this.#tableOf.get(feature);
    if (table !== undefined) return table;
    const known = [...this.#tableOf.keys()];
    const hint = known.length > 0 && typeof feature === "string" ? `; did you mean ${nearest(feature, known)}?` : "";
    throw coded("ERR_UNKNOWN_FEATURE", `${context} ${shown(feature)}${hint}`);
  }

  /** What users give may have getters: everything is read once, before anything is checked. */
  #read(batch: Readonly<Partial<Record<string, FeatureBatch>>>): Map<string, FeatureBatch> {
    if (!isObject(batch)) throw coded("ERR_WRONG_CLASS", `batch must be an object, but is ${shown(batch)}`);
    return new Map(
      Object.entries(batch).map(([feature, given]): [string, FeatureBatch] => {
        this.#find(feature, "there is no feature");
        if (!isObject(given)) {
          throw coded("ERR_WRONG_CLASS", `${feature} must be an object with ids and gradients, but is ${shown(given)}`);
        }
        const { ids, gradients } = given;
        return [feature, { ids, gradients }];
      }),
    );
  }
}

function partOf(feature: string, { ids, gradients }: FeatureBatch, { rows, dim }: EmbeddingTable): Part {
  return naming(feature, () => {
    const bits = idBits(ids, rows);
    const length = usable("gradients", gradients, "Float32Array").length;
    if (length !== bits.length * dim) {
      const expected = `ids.length * dim = ${bits.length * dim}`;
      throw coded("ERR_WRONG_LENGTH", `gradients must have ${expected} elements, but has ${length}`);
    }
    // Joined with others, negative numbers would no longer be told from large ones.
    if (isSigned(ids)) for (const [position, id] of ids.entries()) checkedId(`ids[${position}]`, id, rows);
    return { feature, bits, gradients };
  });
}

/** Where arrays of features that share a table are put one behind the other. Kept between steps, as long as the largest batch so far needed. */
class Stage {
  #bits = new Uint32Array();
  #gradients = new Float32Array();

  join(parts: readonly Part[]): Omit<Part, "feature"> {
    const [first] = parts;
    if (first !== undefined && parts.length === 1) return first;
    const ids = parts.reduce((sum, part) => sum + part.bits.length, 0);
    const elements = parts.reduce((sum, part) => sum + part.gradients.length, 0);
    if (this.#bits.length < ids) this.#bits = new Uint32Array(ids);
    if (this.#gradients.length < elements) this.#gradients = new Float32Array(elements);
    let [id, element] = [0, 0];
    for (const part of parts) {
      this.#bits.set(part.bits, id);
      this.#gradients.set(part.gradients, element);
      id += part.bits.length;
      element += part.gradients.length;
    }
    return { bits: this.#bits.subarray(0, ids), gradients: this.#gradients.subarray(0, elements) };
  }
}

/** Runs a call about one feature; its errors name that. */
function naming<T>(feature: string, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    throw isCoded(thrown) ? coded(thrown.code, `${feature}: ${thrown.message}`, { cause: thrown }) : thrown;
  }
}

/** A refusal of the kernel's, which names a table by its number, as one that names the feature, with positions in the feature's own arrays. */
function named(thrown: unknown, parts: readonly Part[][], dims: readonly number[]): unknown {
  const [, number, message = ""] = isCoded(thrown) ? (/^#(\d+) (.*)$/s.exec(thrown.message) ?? []) : [];
  if (!isCoded(thrown) || number === undefined) return thrown;
  const index = Number(number);
  const [argument, position] = /^(ids|gradients)\[(\d+)\]/.exec(message)?.slice(1) ?? [];
  let rest = Number(position ?? 0);
  for (const part of parts[index] ?? []) {
    const length = argument === "ids" ? part.bits.length : part.bits.length * (dims[index] ?? 1);
    if (rest < length || argument === undefined) {
      const own = message.replace(/^(ids|gradients)\[\d+\]/, `$1[${rest}]`);
      return coded(thrown.code, `${part.feature}: ${own}`, { cause: thrown });
    }
    rest -= length;
  }
  return thrown;
}
