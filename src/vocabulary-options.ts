/** Checks a vocabulary's options and turns them into what the kernel takes. */

import type { VocabularyOptions } from "../index.d.ts";
import { coded, shown } from "./errors.js";
import type { VocabularyGiven } from "./kernel.js";
import { checkNames, choice, integer, isObject, MOST_ROWS } from "./options.js";

/** The most bytes of a Bloom filter, and keys that wait. */
const MOST_SIZE = 2 ** 31 - 1;
/** Counters a row, and keys that wait a row, if nothing is said. */
const COUNTERS_A_ROW = 8;
const CANDIDATES_A_ROW = 4;

export function vocabularyArguments(options: VocabularyOptions): VocabularyGiven {
  if (!isObject(options)) throw coded("ERR_OPTION_VALUE", `options must be an object, but is ${shown(options)}`);
  checkNames("options", options, ["capacity", "admission", "eviction", "seed", "tables", "backend"]);
  const capacity = integer("capacity", options.capacity, 2, MOST_ROWS);
  const seed = integer("seed", options.seed ?? 0, 0, Number.MAX_SAFE_INTEGER);
  return { capacity, seed, ...admissionOf(options.admission, capacity), ...evictionOf(options.eviction) };
}

type Admitting = Pick<VocabularyGiven, "admission" | "least" | "size" | "probability">;

function admissionOf(given: unknown, capacity: number): Admitting {
  const nothing = { admission: "all", least: 1, size: 1, probability: 1 };
  if (given === undefined) return nothing;
  const type = typeOf("admission", given, ["count", "bloom", "probability"]);
  const options = given as Record<string, unknown>;
  const size = (name: string, aRow: number): number =>
    integer(`admission.${name}`, options[name] ?? Math.min(aRow * capacity, MOST_SIZE), 1, MOST_SIZE);
  if (type === "count") {
    checkNames("admission", options, ["type", "least", "candidates"]);
    const least = integer("admission.least", options.least, 1, MOST_ROWS);
    return { ...nothing, admission: type, least, size: size("candidates", CANDIDATES_A_ROW) };
  }
  if (type === "bloom") {
    checkNames("admission", options, ["type", "least", "counters"]);
    const least = integer("admission.least", options.least, 1, 255);
    return { ...nothing, admission: type, least, size: size("counters", COUNTERS_A_ROW) };
  }
  const { probability } = checkNames("admission", options, ["type", "probability"]);
  if (probability === undefined) throw coded("ERR_MISSING_OPTION", "admission.probability is required");
  if (!(typeof probability === "number" && probability > 0 && probability <= 1)) {
    throw wrong("admission.probability", "a number above 0, at most 1", probability);
  }
  return { ...nothing, admission: type, probability };
}

function evictionOf(given: unknown): Pick<VocabularyGiven, "eviction" | "amount"> {
  if (given === undefined) return { eviction: "none", amount: 0 };
  const eviction = typeOf("eviction", given, ["least-frequent", "least-recent", "score", "time-to-live"]);
  const options = given as Record<string, unknown>;
  if (eviction === "score") {
    const { exponent = 1 } = checkNames("eviction", options, ["type", "exponent"]);
    if (typeof exponent === "number" && exponent >= 0 && exponent <= 64) return { eviction, amount: exponent };
    throw wrong("eviction.exponent", "a number from 0 to 64", exponent);
  }
  if (eviction === "time-to-live") {
    const { steps } = checkNames("eviction", options, ["type", "steps"]);
    return { eviction, amount: integer("eviction.steps", steps, 1, Number.MAX_SAFE_INTEGER) };
  }
  checkNames("eviction", options, ["type"]);
  return { eviction, amount: 0 };
}

function typeOf<Type extends string>(name: string, given: unknown, types: readonly Type[]): Type {
  if (!isObject(given)) throw wrong(name, "an object with a type", given);
  const { type } = given as { type?: unknown };
  if (type === undefined) throw coded("ERR_MISSING_OPTION", `${name}.type is required`);
  return choice(`${name}.type`, type, types);
}

function wrong(name: string, expected: string, value: unknown): Error {
  return coded("ERR_OPTION_VALUE", `${name} must be ${expected}, but is ${shown(value)}`);
}
