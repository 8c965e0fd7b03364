/** New machines, out of options. */

import type { Init, Optimizer, TableOptions } from "../../index.d.ts";
import type { DeepFMOptions, MachineOptions } from "../../models.d.ts";
import { bind, checkNames, choice, coded, EmbeddingTable, integer, isObject, shown, Vocabulary } from "./core.js";
import { Fields } from "./fields.js";
import { checkedHidden, Interior, kernelFor, MOST_DIM, type Settings } from "./machine-parts.js";
import { above0 } from "./numbers.js";

const OPTIONS = [
  ...["fields", "dim", "optimizer", "schedule", "vocabulary", "loss", "intercept", "init", "seed", "dtype", "rounding"],
  ...["backend", "threads"],
];
/** Of logistic loss, whose scale is known: see docs/results.md. */
const LOGISTIC_RULE: Optimizer = { type: "tallygrad", lr: 0.06, floor: 0.5 };
/** A new machine's parts. */
export function created(kind: Settings["kind"], options: MachineOptions | DeepFMOptions): Interior {
  if (!isObject(options)) throw coded("ERR_OPTION_VALUE", `options must be an object, but is ${shown(options)}`);
  const deep = kind === "deep-fm";
  const given = checkNames<DeepFMOptions>("options", options, deep ? [...OPTIONS, "hidden", "layerRate"] : OPTIONS);
  const { schedule, init = { type: "normal", scale: 0.01 }, intercept, dtype, rounding, layerRate = 1e-3 } = given;
  const machine = defined({ backend: given.backend, threads: given.threads });
  const fields = new Fields(given.fields, given.vocabulary !== undefined);
  const dim = integer("dim", given.dim === undefined ? 16 : given.dim, 1, MOST_DIM);
  const seed = integer("seed", given.seed === undefined ? 0 : given.seed, 0, Number.MAX_SAFE_INTEGER);
  const loss = choice("loss", given.loss, ["logistic", "squared"]);
  const { optimizer = loss === "logistic" ? LOGISTIC_RULE : undefined } = given;
  if (intercept !== undefined && !Number.isFinite(intercept)) {
    throw coded("ERR_OPTION_VALUE", `intercept must be a finite number, but is ${shown(intercept)}`);
  }
  if (ArrayBuffer.isView(init)) throw coded("ERR_OPTION_VALUE", "init must be an object with a type, but is an array");
  if (typeof schedule === "function") throw coded("ERR_OPTION_VALUE", "schedule must be an object, but is a function");
  const hidden = deep ? checkedHidden(given.hidden === undefined ? [64, 32] : given.hidden) : [];
  if (deep && fields.count * dim >= MOST_DIM) {
    const inputs = `${fields.count} fields times dim = ${fields.count * dim}`;
    throw coded("ERR_OPTION_VALUE", `dim must leave the network less than ${MOST_DIM} inputs, but they are ${inputs}`);
  }
  const rate = above0("layerRate", layerRate);
  const vocabulary = given.vocabulary === undefined ? undefined : newVocabulary(given.vocabulary, seed, machine);
  const rows = vocabulary?.capacity ?? fields.rows;
  const same = { rows, seed, ...machine, ...defined({ optimizer, schedule }) };
  const vectors = new EmbeddingTable({ ...same, ...defined({ dtype, rounding }), dim, init: init as Init });
  const biases = new EmbeddingTable({ ...same, dim: 1, init: { type: "zeros" } });
  if (vocabulary !== undefined) bind(vocabulary, [vectors, biases]);
  const layers = newLayers(fields.count * dim, hidden, { type: "adam", lr: rate, scope: "all" }, seed, machine);
  const settings: Settings = { kind, fields: fields.described(), loss, intercept: intercept ?? null, seed, hidden };
  const tables = { vectors, biases, layers };
  return new Interior(settings, fields, tables, vocabulary, kernelFor(settings, fields, tables));
}

/** What is there to be passed on; null is not the way to say nothing, and is. */
function defined<T extends object>(options: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}

function newVocabulary(
  options: NonNullable<MachineOptions["vocabulary"]>,
  seed: number,
  { backend }: Pick<TableOptions, "backend">,
): Vocabulary {
  const given = checkNames("vocabulary", options, ["capacity", "admission", "eviction"]);
  return new Vocabulary({ ...given, seed, ...defined({ backend }) });
}

/** Layers whose units are rows, with biases of 0 and weights as He et al. (2015) have them. */
function newLayers(
  inputs: number,
  hidden: readonly number[],
  optimizer: Optimizer,
  seed: number,
  machine: Pick<TableOptions, "backend" | "threads">,
): EmbeddingTable[] {
  if (hidden.length === 0) return [];
  const widths = [inputs, ...hidden, 1];
  return widths.slice(1).map((rows, layer) => {
    const before = widths[layer] ?? 0;
    const init = { type: "normal", scale: Math.sqrt(2 / before) } as const;
    const table = new EmbeddingTable({
      rows,
      dim: before + 1,
      optimizer,
      init,
      seed: (seed + 1 + layer) % 2 ** 53,
      ...machine,
    });
    const ids = Uint32Array.from({ length: rows }, (_, unit) => unit);
    const weights = table.lookup(ids);
    for (let unit = 0; unit < rows; unit++) weights[unit * (before + 1) + before] = 0;
    table.setRows(ids, weights);
    return table;
  });
}
