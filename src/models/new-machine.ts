/** New machines, out of options. */

import type { Init, Optimizer, TableOptions } from "../../index.d.ts";
import type { DeepFMOptions, MachineOptions } from "../../models.d.ts";
import { bind, checkNames, choice, coded, EmbeddingTable, integer, isObject, shown, Vocabulary } from "./core.js";
import { Fields } from "./fields.js";
import { checkedHidden, Interior, kernelFor, MOST_DIM, type Settings } from "./machine-parts.js";

const OPTIONS = [
  ...["fields", "dim", "optimizer", "schedule", "vocabulary", "loss", "intercept", "init", "seed", "dtype", "rounding"],
  ...["backend", "threads"],
];
const DEFAULT_DIM = 16;
/** Of logistic loss, whose scale is known: see docs/results.md. */
const LOGISTIC_RULE: Optimizer = { type: "tallygrad", lr: 0.06, floor: 0.5 };
/** A new machine's parts. */
export function created(kind: Settings["kind"], options: MachineOptions | DeepFMOptions): Interior {
  if (!isObject(options)) throw coded("ERR_OPTION_VALUE", `options must be an object, but is ${shown(options)}`);
  const deep = kind === "deep-fm";
  const given = checkNames<DeepFMOptions>("options", options, deep ? [...OPTIONS, "hidden", "layerRate"] : OPTIONS);
  const { schedule, init = { type: "normal", scale: 0.01 }, intercept, backend, threads, dtype, rounding } = given;
  const keyed = given.vocabulary !== undefined;
  const fields = new Fields(given.fields, keyed);
  const dim = integer("dim", given.dim ?? DEFAULT_DIM, 1, MOST_DIM);
  const seed = integer("seed", given.seed ?? 0, 0, Number.MAX_SAFE_INTEGER);
  const loss = choice("loss", given.loss ?? "logistic", ["logistic", "squared"]);
  const optimizer = given.optimizer ?? (loss === "logistic" ? LOGISTIC_RULE : undefined);
  if (intercept !== undefined && !Number.isFinite(intercept)) {
    throw coded("ERR_OPTION_VALUE", `intercept must be a finite number, but is ${shown(intercept)}`);
  }
  if (ArrayBuffer.isView(init)) throw coded("ERR_OPTION_VALUE", "init must be an object with a type, but is an array");
  const machine = { ...(backend && { backend }), ...(threads && { threads }) };
  const vocabulary = given.vocabulary && new Vocabulary({ ...given.vocabulary, seed, ...(backend && { backend }) });
  const rows = vocabulary?.capacity ?? fields.rows;
  const same = { rows, seed, ...machine, ...(optimizer && { optimizer }), ...(schedule && { schedule }) };
  const stored = { ...(dtype && { dtype }), ...(rounding && { rounding }) };
  const vectors = new EmbeddingTable({ ...same, ...stored, dim, init: init as Init });
  const biases = new EmbeddingTable({ ...same, dim: 1, init: { type: "zeros" } });
  if (vocabulary !== undefined) bind(vocabulary, [vectors, biases]);
  const hidden = deep ? checkedHidden(given.hidden ?? [64, 32]) : [];
  const rate = given.layerRate ?? 1e-3;
  const layers = newLayers(fields.count * dim, hidden, { type: "adam", lr: rate, scope: "all" }, seed, machine);
  const settings: Settings = { kind, fields: fields.described(), loss, intercept: intercept ?? null, seed, hidden };
  const tables = { vectors, biases, layers };
  return new Interior(settings, fields, tables, vocabulary, kernelFor(settings, fields, tables));
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
