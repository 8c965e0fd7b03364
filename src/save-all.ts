/** Several tables and vocabularies in one file: members by name, of which tables of features are one, made of others. */

import type {
  LoadAllOptions,
  LongCallOptions,
  Member,
  EmbeddingTable as PublicTable,
  Source,
  Target,
} from "../index.d.ts";
import {
  about,
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
import { bind, loadingVocabulary, savingVocabulary, tablesOf, Vocabulary } from "./vocabulary.js";

/** Tables of features as a checkpoint describes them: for each feature the one whose table it has. */
interface TablesDescription extends Description {
  kind: "tables";
  features: Record<string, string>;
}

/** See index.d.ts. */
export function saveAll(
  members: Readonly<Record<string, Member>>,
  target?: undefined,
  options?: LongCallOptions,
): Promise<Blob>;
export function saveAll(
  members: Readonly<Record<string, Member>>,
  target: Target,
  options?: LongCallOptions,
): Promise<void>;
export async function saveAll(
  members: Readonly<Record<string, Member>>,
  target?: Target,
  options: LongCallOptions = {},
): Promise<unknown> {
  if (!isObject(members)) throw coded("ERR_OPTION_VALUE", `members must be an object, but is ${shown(members)}`);
  const names = new Map(Object.entries(members).flatMap(([name, member]) => tablesIn(name, member)));
  const named = Object.entries(members).flatMap(([name, member]) => savingsOf(name, member, names));
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
  const loading = (name: string, description: Description): Loading<EmbeddingTable | Vocabulary> | undefined => {
    const { kind } = description;
    if (kind === "table") return loadingOf(description, machine, schedules[name]);
    if (kind === "vocabulary") return loadingVocabulary(description, machine.backend);
    if (kind === "tables") return undefined;
    throw coded("ERR_FILE_FORMAT", `a member's kind must be "table", "tables" or "vocabulary", but is ${shown(kind)}`);
  };
  const { members, descriptions } = await readCheckpoint(source, loading, { signal, onProgress });
  try {
    return assembled(members, descriptions) as Members;
  } catch (thrown) {
    for (const member of members.values()) member.dispose();
    throw thrown;
  }
}
const LOAD_OPTIONS = ["backend", "threads", "schedules", "signal", "onProgress"];

/** A member's tables, and the names that they are saved under. */
function tablesIn(name: string, member: Member): [PublicTable, string][] {
  if (member instanceof EmbeddingTable) return [[member, name]];
  if (!(member instanceof EmbeddingTables)) return [];
  const owners = Array.from(ownersIn(member));
  return owners.map(([table, feature]) => [table, join(name, feature)]);
}

/** Each table, and the first feature that has it. */
function ownersIn(tables: EmbeddingTables): Map<EmbeddingTable, string> {
  const owners = new Map<EmbeddingTable, string>();
  for (const feature of tables.features) {
    const table = tables.table(feature);
    if (!owners.has(table)) owners.set(table, feature);
  }
  return owners;
}

function savingsOf(
  name: string,
  member: Member,
  names: ReadonlyMap<PublicTable, string>,
): [string, Saving | TablesDescription][] {
  if (member instanceof EmbeddingTable) return [[name, savingOf(member)]];
  if (member instanceof Vocabulary) {
    const tables = tablesOf(member).map((table) => names.get(table));
    if (tables.every((table) => table !== undefined)) return [[name, savingVocabulary(member, tables)]];
    throw coded("ERR_OPTION_CONFLICT", `${name} has a table that is not saved with it, and would be without it later`);
  }
  if (!(member instanceof EmbeddingTables)) {
    const expected = "an EmbeddingTable, EmbeddingTables or a Vocabulary";
    throw coded("ERR_WRONG_CLASS", `${name} must be ${expected}, but is ${shown(member)}`);
  }
  const owners = ownersIn(member);
  const features = member.features.map((feature) => [feature, owners.get(member.table(feature))]);
  const tables = Array.from(owners, ([table, feature]): [string, Saving] => [join(name, feature), savingOf(table)]);
  return [[name, { kind: "tables", features: Object.fromEntries(features) }], ...tables];
}

/** Members as they were saved: tables of features out of their tables. */
function assembled(
  members: Map<string, EmbeddingTable | Vocabulary>,
  descriptions: ReadonlyMap<string, Description>,
): Record<string, Member> {
  const all = new Map<string, Member>(members);
  const tableCalled = (name: string): EmbeddingTable | undefined => {
    const member = members.get(name);
    return member instanceof EmbeddingTable ? member : undefined;
  };
  for (const [name, description] of descriptions) {
    const member = members.get(name);
    if (member instanceof Vocabulary) bind(member, boundTables(name, member, description, tableCalled));
    if (description.kind !== "tables") continue;
    const { features } = description;
    if (!isObject(features))
      throw coded("ERR_FILE_FORMAT", `${name}: features must be an object, but is ${shown(features)}`);
    const given = Object.entries(features).map(([feature, owner]): [string, EmbeddingTable | string] => {
      if (feature !== owner) {
        if (descriptions.has(join(name, feature)))
          throw coded("ERR_FILE_FORMAT", `${name}: ${shown(feature)} has both a table and that of ${shown(owner)}`);
        return [feature, String(owner)];
      }
      const table = tableCalled(join(name, feature));
      if (table === undefined) throw coded("ERR_FILE_FORMAT", `${name}: there is no table of ${shown(feature)}`);
      all.delete(join(name, feature));
      return [feature, table];
    });
    all.set(
      name,
      about(name, () => new EmbeddingTables(Object.fromEntries(given))),
    );
  }
  return Object.fromEntries(all);
}

/** The tables that go along with a vocabulary, as its description names them. */
function boundTables(
  name: string,
  { capacity }: Vocabulary,
  { tables }: Description,
  tableCalled: (name: string) => EmbeddingTable | undefined,
): EmbeddingTable[] {
  if (!Array.isArray(tables)) throw coded("ERR_FILE_FORMAT", `${name}: tables must be names, but are ${shown(tables)}`);
  return tables.map((called) => {
    const table = tableCalled(String(called));
    if (table?.rows === capacity) return table;
    throw coded("ERR_FILE_FORMAT", `${name}: there is no table ${shown(called)} of ${capacity} rows`);
  });
}

function join(member: string, feature: string): string {
  return member === "" ? feature : `${member}.${feature}`;
}
