/** Machines out of files. */

import type { LoadOptions, Source } from "../../index.d.ts";
import type { Description } from "../checkpoint.js";
import { bind, choice, coded, EmbeddingTable, integer, isCoded, shown, Vocabulary } from "./core.js";
import { Fields } from "./fields.js";
import { checkedHidden, Interior, kernelFor, type Settings } from "./machine-parts.js";
import { fromFile, type Members } from "./members.js";

/** The machine that a file holds. */
export function loaded(
  kind: Settings["kind"],
  source: Source,
  options: Omit<LoadOptions, "schedule">,
): Promise<Interior> {
  return fromFile(kind, source, options, (members, description) => assembled(kind, members, description));
}

function assembled(kind: Settings["kind"], members: Members, description: Description | undefined): Interior {
  const wrong = (what: string): Error => coded("ERR_FILE_FORMAT", `the file holds no ${kind}: ${what}`);
  if (description === undefined) throw wrong('it has no member "model"');
  const vocabulary = members.get("vocabulary");
  const keyed = vocabulary instanceof Vocabulary;
  const { fields, settings } = settingsIn(kind, description, keyed, wrong);
  const table = (name: string, rows: number, dim: number | undefined): EmbeddingTable => {
    const member = members.get(name);
    if (!(member instanceof EmbeddingTable)) throw wrong(`there is no table ${shown(name)}`);
    if (member.rows === rows && (dim === undefined || member.dim === dim)) return member;
    throw wrong(`${shown(name)} is ${member.rows} x ${member.dim}, but must be ${rows} x ${dim ?? "any"}`);
  };
  const rows = keyed ? vocabulary.capacity : fields.rows;
  const vectors = table("vectors", rows, undefined);
  const biases = table("biases", rows, 1);
  const inputs = [fields.count * vectors.dim, ...settings.hidden];
  const units = settings.hidden.length === 0 ? [] : [...settings.hidden, 1];
  const layers = units.map((rows, layer) => table(`layers.${layer}`, rows, (inputs[layer] ?? 0) + 1));
  if (members.size !== 2 + layers.length + (keyed ? 1 : 0)) throw wrong("it holds something else besides");
  if (keyed) bind(vocabulary, [vectors, biases]);
  const tables = { vectors, biases, layers };
  return new Interior(settings, fields, tables, keyed ? vocabulary : undefined, kernelFor(settings, fields, tables));
}

/** What the file says of the machine, checked as options are: what would be wrong with them is wrong with the file. */
function settingsIn(
  kind: Settings["kind"],
  description: Description,
  keyed: boolean,
  wrong: (what: string) => Error,
): { fields: Fields; settings: Settings } {
  const { fields: described, intercept, seed, loss, hidden } = description as unknown as Settings;
  if (intercept !== null && !Number.isFinite(intercept)) throw wrong(`its intercept is ${shown(intercept)}`);
  if (loss === undefined) throw wrong("its loss is missing");
  try {
    const fields = new Fields(described, keyed);
    const settings: Settings = {
      kind,
      fields: fields.described(),
      loss: choice("loss", loss, ["logistic", "squared"]),
      intercept,
      seed: integer("seed", seed, 0, Number.MAX_SAFE_INTEGER),
      hidden: kind === "deep-fm" ? checkedHidden(hidden) : [],
    };
    return { fields, settings };
  } catch (thrown) {
    throw isCoded(thrown) ? wrong(thrown.message) : thrown;
  }
}
