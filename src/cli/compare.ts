/** `tallygrad compare FILE`: several optimizers on the same examples, each at its best rate. */
import { Command } from "commander";
import { type Examples, select, split } from "tallygrad/models";
import { usualRules } from "../compare/contestants.js";
import type { Split } from "../compare/machines.js";
import { numbered } from "../compare/numbered.js";
import { countText } from "../compare/ranking.js";
import { runComparison } from "./comparison.js";
import { load } from "./data.js";
import { UsageError } from "./exit.js";
import {
  choice,
  contestantFrom,
  type DataFlags,
  dataFlags,
  integer,
  type MachineFlags,
  machineFlags,
  outputFile,
  pieces,
  placeOf,
} from "./flags.js";
import { interruptible } from "./interrupt.js";
import { Terminal } from "./terminal.js";

interface CompareFlags extends DataFlags, MachineFlags {
  model: "fm" | "deepfm";
  optimizer?: string[];
  epochs: number;
  seeds: number;
  split: "random" | "last";
  report: string;
  search: boolean;
  json?: boolean;
}

/** Of the examples, for validation and for the test each. */
const SHARE = 0.1;

export function compareCommand(): Command {
  const command = new Command("compare")
    .description("Trains the same model with several optimizers, searching the rate of each, and writes a report.")
    .argument("<file>", "examples, or a MovieLens folder; .gz as it is")
    .addOption(choice("--model <model>", "what is trained", ["fm", "deepfm"]));
  dataFlags(command);
  machineFlags(command)
    .option("--optimizer <rule>", `a rule's name, or JSON (repeatable; default: ${usualRules.join(", ")})`, pieces)
    .option("--no-search", "take rates as they are given, and those of names at their usual ones")
    .option("--epochs <n>", "passes at most; stops when two brought nothing. 1 takes a single pass", integer(1), 10)
    .option("--seeds <n>", "runs of each optimizer, with other first weights, orders and splits", integer(1, 100), 3)
    .addOption(
      choice("--split <how>", "validation and test, a tenth each: drawn, or the last ones, as for a log", [
        "random",
        "last",
      ]),
    )
    .option("--report <file>", "where the report goes", outputFile, "report.html")
    .option("--config <file>", "flags out of a JSON file")
    .option("--json", "print the result as JSON");
  return command.action(async (file: string, flags: CompareFlags) => {
    process.exitCode = await interruptible((signal) => compare(file, flags, signal));
  });
}

async function compare(file: string, flags: CompareFlags, signal: AbortSignal): Promise<number> {
  const terminal = new Terminal(flags.json);
  const contestants = (flags.optimizer ?? usualRules).map((text) => {
    const contestant = contestantFrom(text, flags.loss);
    return flags.search
      ? contestant
      : { ...contestant, search: false, standard: contestant.standard ?? contestant.start };
  });
  const { examples, fields } = numbered((await load(file, flags, signal, terminal)).examples);
  const seeds = Array.from({ length: flags.seeds }, (_, seed) => seed + 1);
  const splitOf = flags.split === "last" ? always(lastOf(examples)) : randomOf(examples);
  const { train, validation, test } = splitOf(seeds[0] ?? 1);
  const size = { train: train.labels.length, validation: validation.labels.length, test: test.labels.length };
  if (size.test === 0) throw new UsageError(`${file} has too few examples: ${examples.labels.length}`);
  const { dim = 16, batch, loss, epochs, dtype, rounding } = flags;
  const stops = epochs > 1;
  const fit = { epochs, batchSize: batch, ...(stops && { validateEvery: 0.5, earlyStopping: { patience: 2 } }) };
  return runComparison({
    title: file,
    method: methodOf(flags, dim, Object.keys(fields).length),
    curve: stops ? "validation" : "progressive",
    examples: size,
    report: flags.report,
    terminal,
    setting: {
      ...{ name: file, deep: flags.model === "deepfm", fields, dim, loss, fit, splitOf, seeds, contestants, signal },
      options: { dtype, rounding, ...placeOf(flags) },
    },
  });
}

function methodOf({ model, batch, epochs, loss, split }: CompareFlags, dim: number, fields: number): string {
  const machine = model === "deepfm" ? "DeepFM" : "factorization machine";
  const passes =
    epochs === 1 ? "one pass" : `at most ${epochs} passes, validated every half, stopped when two brought nothing`;
  const parts =
    split === "last"
      ? "the last tenths are for validation and test"
      : "tenths for validation and test are drawn for each seed";
  return `A ${machine} over ${fields} fields with ${dim} floats a vector and ${loss} loss; batches of ${countText(batch)}, ${passes}; ${parts}. All that changes is the rule that turns a row’s gradient into its step.`;
}

/** Drawn by the seed; the last ones are kept. */
function randomOf(examples: Examples): (seed: number) => Split {
  let made: { seed: number; split: Split } | undefined;
  return (seed) => {
    if (made?.seed !== seed) {
      const [train, validation, test] = split(examples, [1 - 2 * SHARE, SHARE, SHARE], seed) as [
        Examples,
        Examples,
        Examples,
      ];
      made = { seed, split: { train, validation, test } };
    }
    return made.split;
  };
}

function lastOf(examples: Examples): Split {
  const count = examples.labels.length;
  const [end, held] = [count - 2 * Math.floor(SHARE * count), Math.floor(SHARE * count)];
  const part = (from: number, to: number): Examples =>
    select(
      examples,
      Uint32Array.from({ length: to - from }, (_, at) => from + at),
    );
  return { train: part(0, end), validation: part(end, end + held), test: part(end + held, count) };
}

function always<T>(value: T): () => T {
  return () => value;
}
