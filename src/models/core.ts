/** What models use of the package's main entry, which stays a file of its own. */

import { internals } from "../index.js";

export const {
  attempt,
  become,
  becomeVocabulary,
  beforeStep,
  bind,
  checkNames,
  checkPlace,
  checkWaiting,
  choice,
  chooseKernel,
  coded,
  EmbeddingTable,
  integer,
  isArray,
  isCoded,
  isObject,
  loadingOf,
  loadingVocabulary,
  newArray,
  Pauses,
  readCheckpoint,
  savingOf,
  savingVocabulary,
  shown,
  toRead,
  usable,
  Vocabulary,
  writeCheckpoint,
} = internals;

export type EmbeddingTable = InstanceType<typeof EmbeddingTable>;
export type Vocabulary = InstanceType<typeof Vocabulary>;
