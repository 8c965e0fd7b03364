/**
 * Turns the options of a new table into what a kernel takes: every name known, every value of the right kind, defaults filled in.
 * The names of a rule's options come from the kernel, which also checks their ranges.
 */

import type { Init, Optimizer, TableOptions } from "../index.d.ts";
import { isArray, usable } from "./arguments.js";
import { coded, shown } from "./errors.js";
import type { Kernel, KernelOptions, Parameter } from "./kernel.js";

/** The most rows of a table. */
export const MOST_ROWS = 2 ** 32 - 1;
/** The most weights a row may have. */
export const MOST_DIM = 65_536;
/** The most threads that may be asked for. */
export const MOST_THREADS = 256;
const DEFAULT_SCALE = 0.05;

/** Options that are not settings of the kernel's. */
const OWN_OPTIONS = ["rows", "dim", "optimizer", "init", "seed", "paddingId", "threads", "backend"];

/** What `Kernel.create` takes. */
export type CreateArguments = [
  options: KernelOptions,
  counts: Float64Array | undefined,
  values: Float32Array | undefined,
];

/** Checks `options` and fills in defaults. */
export function createArguments(options: TableOptions, kernel: Kernel): CreateArguments {
  const groups = groupsOf(kernel.catalogue.settings);
  checkNames("options", options, [...OWN_OPTIONS, ...groups.keys()]);
  const rows = integer("rows", options.rows, 1, MOST_ROWS);
  const dim = integer("dim", options.dim, 1, MOST_DIM);
  const [rule, parameters, counts] = optimizer(given(options.optimizer, { type: "tallygrad" }), kernel);
  const [init, scale, values] = firstWeights(given(options.init, { type: "normal" }));
  const checked: KernelOptions = {
    rows,
    dim,
    rule,
    parameters,
    settings: Array.from(groups, ([name, members]) => settings(name, members, Reflect.get(options, name))).flat(),
    init,
    scale,
    seed: integer("seed", given(options.seed, 0), 0, Number.MAX_SAFE_INTEGER),
    threads: integer("threads", given(options.threads, kernel.threads), 1, MOST_THREADS),
  };
  if (options.paddingId !== undefined) checked.padding = integer("paddingId", options.paddingId, 0, rows - 1);
  return [checked, counts, values];
}

/** Settings by the option that they are part of, in the kernel's order. */
function groupsOf(declared: readonly Parameter[]): Map<string, Parameter[]> {
  const groups = new Map<string, Parameter[]>();
  for (const parameter of declared) {
    const [group = ""] = parameter.name.split(".");
    groups.set(group, [...(groups.get(group) ?? []), parameter]);
  }
  return groups;
}

/** The kernel's numbers for one option: a number or a word itself, or an object of such. */
function settings(option: string, declared: readonly Parameter[], value: unknown): number[] {
  const [only] = declared;
  if (only?.name === option) return [value === undefined ? Number.NaN : asNumber(only.name, only, value)];
  // A function of the step is the facade's business.
  if (value === undefined || (option === "schedule" && typeof value === "function")) {
    return declared.map(() => Number.NaN);
  }
  if (option === "schedule" && !isObject(value)) throw wrong(option, "an object or a function", value);
  const nameIn = (parameter: Parameter): string => parameter.name.slice(option.length + 1);
  const group = checkNames(option, value as object, declared.map(nameIn));
  return declared.map((parameter) => {
    const member: unknown = Reflect.get(group, nameIn(parameter));
    if (member !== undefined) return asNumber(parameter.name, parameter, member);
    if (parameter.required) throw coded("ERR_MISSING_OPTION", `${parameter.name} is required`);
    return Number.NaN;
  });
}

/** A rule's name, its parameters in the kernel's order, and its numbers a row. */
function optimizer(options: Optimizer, kernel: Kernel): [string, number[], Float64Array | undefined] {
  if (!isObject(options)) throw wrong("optimizer", "an object with a type", options);
  if (options.type === undefined) throw coded("ERR_MISSING_OPTION", "optimizer.type is required");
  const rule = choice("optimizer.type", options.type, Object.keys(kernel.catalogue.rules));
  const declared = kernel.catalogue.rules[rule] ?? [];
  checkNames("optimizer", options, ["type", ...declared.map((parameter) => parameter.name)]);
  let counts: Float64Array | undefined;
  const parameters = declared.map((parameter) => {
    // Like every other option, it may come from a prototype.
    const value: unknown = Reflect.get(options, parameter.name);
    if (parameter.kind === "counts" && value !== undefined) counts = numbers(`optimizer.${parameter.name}`, value);
    return parameter.kind === "counts" || value === undefined
      ? Number.NaN
      : asNumber(`optimizer.${parameter.name}`, parameter, value);
  });
  return [rule, parameters, counts];
}

/** A parameter's value as the kernel takes it. */
function asNumber(name: string, parameter: Parameter, value: unknown): number {
  if (parameter.kind === "choice") return parameter.choices.indexOf(choice(name, value, parameter.choices));
  if (parameter.kind === "flag") {
    if (typeof value !== "boolean") throw wrong(name, "true or false", value);
    return value ? 1 : 0;
  }
  return number(name, value);
}

/** The kind of first weights, their scale, and their values if they come from outside. */
function firstWeights(init: Init): [string, number, Float32Array | undefined] {
  if (ArrayBuffer.isView(init)) return ["values", 0, usable("init", init, "Float32Array")];
  if (!isObject(init)) throw wrong("init", "a Float32Array or an object with a type", init);
  if (init.type === undefined) throw coded("ERR_MISSING_OPTION", "init.type is required");
  const type = choice("init.type", init.type, ["zeros", "uniform", "normal"]);
  const { scale } = checkNames<{ type: string; scale?: number }>(
    "init",
    init,
    type === "zeros" ? ["type"] : ["type", "scale"],
  );
  return [type, scale === undefined ? DEFAULT_SCALE : number("init.scale", scale), undefined];
}

/** One number a row, as float64. */
function numbers(name: string, value: unknown): Float64Array {
  if (Array.isArray(value)) return Float64Array.from(value, (element, index) => number(`${name}[${index}]`, element));
  if (isArray(value, "Float64Array")) return usable(name, value, "Float64Array");
  if (isArray(value, "Float32Array")) return Float64Array.from(usable(name, value, "Float32Array"));
  if (isArray(value, "Uint32Array")) return Float64Array.from(usable(name, value, "Uint32Array"));
  throw coded("ERR_WRONG_CLASS", `${name} must be an array of numbers, but is ${shown(value)}`);
}

/** `value`, or its default. Unlike `??` it lets `null` through, to be refused: null is not the way to say nothing. */
function given<T>(value: T | undefined, otherwise: T): T {
  return value === undefined ? otherwise : value;
}

export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Refuses names that are not `known`, with the nearest one that is. */
export function checkNames<T extends object>(where: string, value: T, known: readonly string[]): T {
  if (!isObject(value)) throw wrong(where, "an object", value);
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue;
    const subject = where === "options" ? name : `${where}.${name}`;
    throw coded("ERR_UNKNOWN_OPTION", `${subject} is not an option; did you mean ${nearest(name, known)}?`);
  }
  return value;
}

/** One of `choices`; the first if `value` is not given. */
export function choice<Choice extends string>(name: string, value: unknown, choices: readonly Choice[]): Choice {
  const found = value === undefined ? choices[0] : choices.find((word) => word === value);
  if (found !== undefined) return found;
  const hint = typeof value === "string" ? `; did you mean "${nearest(value, choices)}"?` : "";
  throw wrong(name, choices.map((word) => `"${word}"`).join(", "), value, hint);
}

export function integer(name: string, value: unknown, least: number, most: number): number {
  if (value === undefined) throw coded("ERR_MISSING_OPTION", `${name} is required`);
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw wrong(name, `an integer from ${least} to ${most}`, value);
}

/** Any number but NaN, which stands for "not given" on the way to the kernel. */
function number(name: string, value: unknown): number {
  if (typeof value === "number" && !Number.isNaN(value)) return value;
  throw wrong(name, "a number", value);
}

function wrong(name: string, expected: string, value: unknown, hint = ""): Error {
  return coded("ERR_OPTION_VALUE", `${name} must be ${expected}, but is ${shown(value)}${hint}`);
}

/** The word of `known` that takes the fewest edits to reach from `word`. */
export function nearest(word: string, known: readonly string[]): string {
  const byDistance = known.map((candidate) => ({
    candidate,
    edits: editsBetween(word.toLowerCase(), candidate.toLowerCase()),
  }));
  return byDistance.reduce((best, next) => (next.edits < best.edits ? next : best)).candidate;
}

/** Levenshtein distance. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
