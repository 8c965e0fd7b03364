/** What is in a model's file, whatever the model. */

import type { LoadOptions, Source } from "../../index.d.ts";
import type { Description, Loading } from "../checkpoint.js";
import {
  checkNames,
  checkPlace,
  checkWaiting,
  coded,
  type EmbeddingTable,
  loadingOf,
  loadingVocabulary,
  readCheckpoint,
  shown,
  type Vocabulary,
} from "./core.js";

/** Tables and vocabularies by their names. */
export type Members = Map<string, EmbeddingTable | Vocabulary>;

/**
 * Reads the file of a model of this kind.
 * @param assemble Makes the model of its members and its description, if there is one. If it throws, the members are disposed.
 */
export async function fromFile<Model>(
  kind: string,
  source: Source,
  options: Omit<LoadOptions, "schedule">,
  assemble: (members: Members, description: Description | undefined) => Model,
): Promise<Model> {
  const { signal, onProgress, ...place } = checkNames("options", options, [
    "backend",
    "threads",
    "signal",
    "onProgress",
  ]);
  checkWaiting({ signal, onProgress });
  checkPlace(place);
  const loading = (name: string, description: Description): Loading<EmbeddingTable | Vocabulary> | undefined => {
    if (description.kind === "table") return loadingOf(description, place, undefined);
    if (description.kind === "vocabulary") return loadingVocabulary(description, place.backend);
    if (name === "model" && description.kind === kind) return undefined;
    throw coded("ERR_FILE_FORMAT", `the file must hold a ${kind}, but ${shown(name)} is a ${shown(description.kind)}`);
  };
  const { members, descriptions } = await readCheckpoint(source, loading, { signal, onProgress });
  try {
    return assemble(members, descriptions.get("model"));
  } catch (thrown) {
    for (const member of members.values()) member.dispose();
    throw thrown;
  }
}
