/** Skip-gram models into files and out of them. */

import type { LoadOptions, LongCallOptions, Source, Target } from "../../index.d.ts";
import type { SkipGramOptions } from "../../models.d.ts";
import type { Description, Saving } from "../checkpoint.js";
import {
  coded,
  EmbeddingTable,
  integer,
  savingOf,
  savingVocabulary,
  shown,
  Vocabulary,
  writeCheckpoint,
} from "./core.js";
import { fromFile, type Members } from "./members.js";
import { checkedSettings, Interior, kernelFor, type Settings, type Words } from "./skip-gram-parts.js";

const KIND = "skip-gram";
/** Counts are saved as multiples of this and what is left, which are both float32. */
const DIGIT = 2 ** 24;

/** Writes a model. */
export async function saved(
  settings: Settings,
  { vocabulary, vectors, contexts, counts, place }: Words,
  target: Target | undefined,
  options: LongCallOptions,
): Promise<unknown> {
  const digits = Float32Array.from({ length: 2 * counts.length }, (_, at) => {
    const count = counts[at >> 1] ?? 0;
    return at % 2 === 0 ? Math.floor(count / DIGIT) : count % DIGIT;
  });
  using table = new EmbeddingTable({ rows: counts.length, dim: 2, init: digits, optimizer: { type: "sgd", lr: 1 } });
  const members = new Map<string, Saving | Description>([
    ["model", { kind: KIND, ...settings, place }],
    ["vectors", savingOf(vectors)],
    ["contexts", savingOf(contexts)],
    ["counts", savingOf(table)],
    ["vocabulary", savingVocabulary(vocabulary, [])],
  ]);
  return await writeCheckpoint(target, members, options);
}

/** The model that a file holds. */
export function loaded(source: Source, options: Omit<LoadOptions, "schedule">): Promise<Interior> {
  return fromFile(KIND, source, options, assembled);
}

function assembled(members: Members, description: Description | undefined): Interior {
  const wrong = (what: string): Error => coded("ERR_FILE_FORMAT", `the file holds no ${KIND} model: ${what}`);
  if (description === undefined) throw wrong('it has no member "model"');
  const { kind: _, place, window, ...saved } = description;
  const settings = checkedSettings({ ...saved, window: window === 0 ? "all" : window } as SkipGramOptions);
  const [vectors, contexts, counted] = ["vectors", "contexts", "counts"].map((name) => {
    const member = members.get(name);
    if (member instanceof EmbeddingTable) return member;
    throw wrong(`there is no table ${shown(name)}`);
  }) as [EmbeddingTable, EmbeddingTable, EmbeddingTable];
  const vocabulary = members.get("vocabulary");
  if (!(vocabulary instanceof Vocabulary) || members.size !== 4) throw wrong("it holds other members");
  const { rows } = vectors;
  const shapes = [vectors, contexts, counted].map((table) => `${table.rows} x ${table.dim}`);
  const { dim } = settings;
  if (
    vocabulary.size !== rows ||
    rows < 2 ||
    shapes.join() !== [`${rows} x ${dim}`, `${rows} x ${dim}`, `${rows} x 2`].join()
  ) {
    throw wrong(`its tables are ${shapes.join(", ")}, with ${vocabulary.size} words`);
  }
  const digits = counted.lookup(Uint32Array.from({ length: rows }, (_, row) => row));
  counted.dispose();
  const counts = Float64Array.from(
    { length: rows },
    (_, row) => (digits[2 * row] ?? 0) * DIGIT + (digits[2 * row + 1] ?? 0),
  );
  if (!counts.every((count) => Number.isSafeInteger(count) && count >= 1)) throw wrong("its counts are no counts");
  const words = { vocabulary, counts, vectors, contexts, place: integer("place", place, 0, Number.MAX_SAFE_INTEGER) };
  return new Interior(settings, { ...words, kernel: kernelFor(settings, counts, vectors) });
}
