/** Flags that several commands have, and how their values are read. */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Optimizer, TallygradError } from "tallygrad";
import { type Contestant, contestantNamed, contestantOf } from "../compare/contestants.js";
import { UsageError } from "./exit.js";

/** What file the examples are in, and how. */
export interface DataFlags {
  format: "delimited" | "criteo" | "movielens";
  label?: string;
  positiveFrom?: number;
  fields?: string[];
  numeric?: string[];
  bags?: string[];
  delimiter?: string;
  header?: string[];
  quotes: boolean;
  encoding: "utf-8" | "latin1";
  features: "ids" | "all";
  malformed: "error" | "skip";
}

export function dataFlags(command: Command): Command {
  return command
    .addOption(choice("--format <format>", "how examples are written", ["delimited", "criteo", "movielens"]))
    .option("--label <name>", "the column of labels (delimited)")
    .option("--positive-from <number>", "labels of at least this are 1 and others 0", number())
    .option("--fields <names>", "columns to learn from (default: all but the label)", list)
    .option("--numeric <names>", "columns that are numbers (default: none, every value is a category)", list)
    .option(
      "--bags <name=separator>",
      "a column of several values and what stands between them: genres=| (repeatable)",
      pieces,
    )
    .option("--delimiter <text>", "between columns (default: a tab for .tsv, else a comma)")
    .option("--header <names>", "names of the columns, if the first line is not that", list)
    .option("--no-quotes", "double quotes are text")
    .addOption(choice("--encoding <encoding>", "of the file", ["utf-8", "latin1"]))
    .addOption(choice("--features <which>", "of MovieLens: user and movie, or all there are", ["ids", "all"]))
    .addOption(
      choice("--malformed <what>", "at a line that is not as it should be: stop, or skip and count it", [
        "error",
        "skip",
      ]),
    );
}

/** How a machine is made and trained. */
export interface MachineFlags {
  dim?: number;
  loss: "logistic" | "squared";
  batch: number;
  threads?: number;
  backend?: "auto" | "native" | "wasm";
  dtype: "f32" | "f16" | "bf16";
  rounding: "nearest" | "stochastic";
}

export function machineFlags(command: Command): Command {
  return command
    .option("--dim <n>", "floats a vector (default: 16; 100 for skip-gram)", integer(1, 65_536))
    .addOption(choice("--loss <loss>", "for labels 0 and 1, or for numbers", ["logistic", "squared"]))
    .option("--batch <n>", "examples a step", integer(1, 2 ** 24), 1024)
    .addOption(choice("--dtype <type>", "how vectors are stored", ["f32", "f16", "bf16"]))
    .addOption(choice("--rounding <way>", "how f16 and bf16 are rounded", ["nearest", "stochastic"]))
    .option("--threads <n>", "threads (default: all cores)", integer(1, 1024))
    .addOption(new Option("--backend <backend>", "what computes").choices(["auto", "native", "wasm"]));
}

/** What computes, and on how many threads, where that was said. */
export function placeOf({ threads, backend }: MachineFlags): Pick<MachineFlags, "threads" | "backend"> {
  return { ...(threads && { threads }), ...(backend && { backend }) };
}

/** One of several words, of which the first is the default. */
export function choice(flags: string, description: string, words: readonly string[]): Option {
  return new Option(flags, description).choices(words).default(words[0]);
}

export function integer(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be an integer from ${least} to ${most}.`);
  };
}

export function number(above = Number.NEGATIVE_INFINITY): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (Number.isFinite(value) && value > above) return value;
    throw new InvalidArgumentError(`It must be a number${Number.isFinite(above) ? ` above ${above}` : ""}.`);
  };
}

/** Names between commas, in one flag or in several. */
export function list(text: string, before: string[] = []): string[] {
  return [...before, ...text.split(",").filter((name) => name !== "")];
}

/** Texts, a flag each. */
export function pieces(text: string, before: string[] = []): string[] {
  return [...before, text];
}

/** A file in a folder that exists: said before the work rather than after it. */
export function outputFile(text: string): string {
  if (text === "") throw new InvalidArgumentError("It must name a file.");
  if (statSync(text, { throwIfNoEntry: false })?.isDirectory()) throw new InvalidArgumentError("It is a folder.");
  if (!statSync(dirname(text), { throwIfNoEntry: false })?.isDirectory()) {
    throw new InvalidArgumentError("It must be a file in a folder that exists.");
  }
  return text;
}

/** An optimizer as it is typed: a rule's name, or JSON such as `{"type":"adagrad","lr":0.02}`. */
export function contestantFrom(text: string, loss: MachineFlags["loss"]): Contestant {
  if (!text.startsWith("{")) return contestantOfName(text, loss);
  const optimizer = parsed(text);
  if (typeof optimizer?.type !== "string" || !(typeof optimizer.lr === "number" && optimizer.lr > 0)) {
    throw new UsageError(`an optimizer in JSON needs a type and an lr above 0: ${text}`);
  }
  const { type, lr, ...settings } = optimizer;
  const name = [type, ...Object.entries(settings).map(([key, value]) => `${key} ${value}`)].join(", ");
  return contestantOf(name, optimizer as Optimizer, lr);
}

function contestantOfName(name: string, loss: MachineFlags["loss"]): Contestant {
  try {
    return contestantNamed(name, loss);
  } catch (error) {
    const { code, message } = error as Partial<TallygradError>;
    if (code === "ERR_OPTION_VALUE") throw new UsageError(`there is no rule "${name}": ${message}`);
    if (code === "ERR_MISSING_OPTION") throw new UsageError(`${name} needs to be JSON: ${message}`);
    throw error;
  }
}

function parsed(text: string): { type?: unknown; lr?: unknown } | undefined {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`an optimizer is not JSON: ${(error as Error).message}`);
  }
}
