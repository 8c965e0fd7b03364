/** Several tables in one file: members by name, of which tables of features are one, made of others. */

import type { LoadAllOptions, Member, SaveOptions, SaveTarget, Source } from "../index.d.ts";
import {
  checkWaiting,
  type Description,
  type Loading,
  readCheckpoint,
  type Saving,
  writeCheckpoint,
} from "./checkpoint.js";
import { EmbeddingTable, loadingOf, savingOf } from "./embedding-table.js";
import { EmbeddingTables } from "./embedding-tables.js";
import { coded, shown } from "./errors.js";
import { checkNames, isObject } from "./options.js";
import { checkPlace } from "./saved-table.js";

/** Tables of features as a checkpoint describes them: for each feature the one whose table it has. */
interface TablesDescription extends Description {
  kind: "tables";
  features: Record<string, string>;
}

/** See index.d.ts. */
export function saveAll(
  members: Readonly<Record<string, Member>>,
  target?: undefined,
  options?: SaveOptions,
): Promise<Blob>;
export function saveAll(
  members: Readonly<Record<string, Member>>,
  target: SaveTarget,
  options?: SaveOptions,
): Promise<void>;
export async function saveAll(
  members: Readonly<Record<string, Member>>,
  target?: SaveTarget,
  options: SaveOptions = {},
): Promise<unknown> {
  if (!isObject(members)) throw coded("ERR_OPTION_VALUE", `members must be an object, but is ${shown(members)}`);
  const named = Object.entries(members).flatMap(([name, member]) => savingsOf(name, member));
  const all = new Map(named);
  const twice = named.find(([name], index) => named.findIndex(([other]) => other === name) !== index);
  if (twice !== undefined) throw coded("ERR_OPTION_VALUE", `two members would have the name ${shown(twice[0])}`);
  return writeCheckpoint(target, all, options);
}

/** See index.d.ts. */
export async function loadAll<Members extends Record<string, Member> = Record<string, Member>>(
  source: Source,
  options: LoadAllOptions = {},
): Promise<Members> {
  const { schedules = {}, signal, onProgress, ...machine } = checkNames("options", options, LOAD_OPTIONS);
  checkWaiting({ signal, onProgress });
  checkPlace(machine);
  if (!isObject(schedules)) throw coded("ERR_OPTION_VALUE", `schedules must be an object, but is ${shown(schedules)}`);
  const loading = (name: string, description: Description): Loading<EmbeddingTable> | undefined => {
    if (description.kind === "table") return loadingOf(description, machine, schedules[name]);
    if (description.kind === "tables") return undefined;
    throw coded("ERR_FILE_FORMAT", `a member's kind must be "table" or "tables", but is ${shown(description.kind)}`);
  };
  const { members, descriptions } = await readCheckpoint(source, loading, { signal, onProgress });
  try {
    return assembled(members, descriptions) as Members;
  } catch (thrown) {
    for (const table of members.values()) table.dispose();
    throw thrown;
  }
}
const LOAD_OPTIONS = ["backend", "threads", "schedules", "signal", "onProgress"];

function savingsOf(name: string, member: Member): [string, Saving | TablesDescription][] {
  if (member instanceof EmbeddingTable) return [[name, savingOf(member)]];
  if (!(member instanceof EmbeddingTables)) {
    throw coded("ERR_WRONG_CLASS", `${name} must be an EmbeddingTable or EmbeddingTables, but is ${shown(member)}`);
  }
  const owners = new Map<EmbeddingTable, string>();
  for (const feature of member.features) {
    const table = member.table(feature);
    if (!owners.has(table)) owners.set(table, feature);
  }
  const features = member.features.map((feature) => [feature, owners.get(member.table(feature))]);
  const tables = Array.from(owners, ([table, feature]): [string, Saving] => [join(name, feature), savingOf(table)]);
  return [[name, { kind: "tables", features: Object.fromEntries(features) }], ...tables];
}

/** Members as they were saved: tables of features out of their tables. */
function assembled(
  members: Map<string, EmbeddingTable>,
  descriptions: ReadonlyMap<string, Description>,
): Record<string, Member> {
  const all = new Map<string, Member>(members);
  for (const [name, description] of descriptions) {
    if (description.kind !== "tables") continue;
    const { features } = description;
    if (!isObject(features))
      throw coded("ERR_FILE_FORMAT", `${name}: features must be an object, but is ${shown(features)}`);
    const given = Object.entries(features).map(([feature, owner]): [string, EmbeddingTable | string] => {
      if (feature !== owner) return [feature, String(owner)];
      const table = members.get(join(name, feature));
      if (table === undefined) throw coded("ERR_FILE_FORMAT", `${name}: there is no table of ${shown(feature)}`);
      all.delete(join(name, feature));
      return [feature, table];
    });
    all.set(name, new EmbeddingTables(Object.fromEntries(given)));
  }
  return Object.fromEntries(all);
}

function join(member: string, feature: string): string {
  return member === "" ? feature : `${member}.${feature}`;
}
