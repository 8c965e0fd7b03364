/** Options of a table as plain JSON, made from what the kernel was given: what a checkpoint says of them, and what they are read back from. */

import type { TableOptions } from "../index.d.ts";
import type { Catalogue, KernelOptions, Parameter } from "./kernel.js";

type Json = Record<string, unknown>;

/**
 * The options that a table was made with, but for those of the machine (`threads`, `backend`), and for arrays: a rule's are among the saved parts, and
 * first weights are not kept.
 */
export function describedOptions(checked: KernelOptions, catalogue: Catalogue): TableOptions {
  const { rows, dim, rule, init, scale, seed, padding } = checked;
  const optimizer: Json = { type: rule };
  for (const [index, parameter] of (catalogue.rules[rule] ?? []).entries()) {
    const value = checked.parameters[index] ?? Number.NaN;
    if (!Number.isNaN(value)) optimizer[parameter.name] = valueFrom(parameter, value);
  }
  const settings: Json = {};
  for (const [index, parameter] of catalogue.settings.entries()) {
    const value = checked.settings[index] ?? Number.NaN;
    if (!Number.isNaN(value)) place(settings, parameter.name, valueFrom(parameter, value));
  }
  const first = init === "zeros" || init === "values" ? { type: "zeros" } : { type: init, scale };
  const options: Json = { rows, dim, optimizer, ...settings, init: first, seed };
  if (padding !== undefined) options.paddingId = padding;
  return options as unknown as TableOptions;
}

function valueFrom({ kind, choices }: Parameter, value: number): unknown {
  if (kind === "choice") return choices[value];
  return kind === "flag" ? value === 1 : value;
}

/** Puts a value where its dotted name says. */
function place(settings: Json, name: string, value: unknown): void {
  const [group = "", member] = name.split(".");
  if (member === undefined) settings[group] = value;
  else settings[group] = { ...(settings[group] as Json | undefined), [member]: value };
}
