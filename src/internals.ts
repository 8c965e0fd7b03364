/** What other entries of the package share with this one, so that a table is the same class, and runs on the same kernel, wherever it came from. */

import { isArray, newArray, usable } from "./arguments.js";
import { chooseKernel } from "./backend.js";
import { checkWaiting, readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { attempt, become, beforeStep, EmbeddingTable, loadingOf, savingOf, toRead } from "./embedding-table.js";
import { coded, isCoded, shown } from "./errors.js";
import { Pauses } from "./files/runtime.js";
import { checkNames, choice, integer, isObject } from "./options.js";
import { checkPlace } from "./saved-table.js";
import { becomeVocabulary, bind, loadingVocabulary, savingVocabulary, Vocabulary } from "./vocabulary.js";

export const internals = {
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
};
