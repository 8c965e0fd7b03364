/** `tallygrad train FILE`: a model out of a file of examples, or of text. */
import { statSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { UsageError } from "./exit.js";
import {
  choice,
  type DataFlags,
  dataFlags,
  integer,
  type MachineFlags,
  machineFlags,
  number,
  outputFile,
} from "./flags.js";
import { interruptible } from "./interrupt.js";
import { Terminal } from "./terminal.js";
import { trainMachine } from "./train-machine.js";
import { trainWords } from "./train-words.js";

export interface TrainFlags extends DataFlags, MachineFlags {
  model: "fm" | "deepfm" | "skip-gram";
  out: string;
  optimizer?: string;
  lr?: number;
  epochs?: number;
  /** A share, or a file. */
  validation?: number | string;
  patience: number;
  seed: number;
  capacity?: number;
  least?: number;
  stream?: boolean;
  from?: string;
  window: number;
  negatives: number;
  minCount: number;
  vectors?: string;
  json?: boolean;
}

/** What the two kinds of training are given. */
export interface Work {
  file: string;
  flags: TrainFlags;
  signal: AbortSignal;
  terminal: Terminal;
}

/** What a model is told once. */
const OF_NEW_MODELS = ["dim", "loss", "optimizer", "lr", "seed", "capacity", "least", "dtype", "rounding"].concat([
  "window",
  "negatives",
  "minCount",
]);
const OF_WORDS = ["window", "negatives", "minCount", "vectors"];
const OF_MACHINES = [
  "format",
  "label",
  "positiveFrom",
  "fields",
  "numeric",
  "bags",
  "delimiter",
  "header",
  "quotes",
].concat(
  ["encoding", "features", "malformed", "loss", "batch", "dtype", "rounding", "validation", "patience"],
  ["capacity", "least", "stream"],
);

export function trainCommand(): Command {
  const command = new Command("train")
    .description("Learns from a file: a factorization machine or DeepFM from examples, skip-gram from text.")
    .argument("<file>", "examples, or a MovieLens folder; for skip-gram a text with a sentence a line; .gz as it is")
    .addOption(choice("--model <model>", "what is trained", ["fm", "deepfm", "skip-gram"]))
    .option("-o, --out <file>", "where the model goes", outputFile, "model.safetensors")
    .addOption(
      new Option("--from <model>", "go on with a model that is there, which has its own options").conflicts(
        OF_NEW_MODELS,
      ),
    );
  dataFlags(command);
  machineFlags(command)
    .option("--optimizer <rule>", "a rule's name, or JSON (default: tallygrad, which needs no tuning)")
    .option("--lr <rate>", "the optimizer's learning rate", number(0))
    .option("--epochs <n>", "passes, at most (default: 10 with validation, 5 for skip-gram, else 1)", integer(1))
    .option(
      "--validation <share|file>",
      "what says when to stop; 0 for nothing (default: 0.1, without --stream)",
      validation,
    )
    .option("--patience <n>", "epochs without gain before training stops", integer(1), 2)
    .option("--seed <n>", "of first weights and orders", integer(0), 0)
    .option(
      "--capacity <rows>",
      "rows for keys (default: as many as there are; 1000000 with --stream)",
      integer(2, 2 ** 32 - 1),
    )
    .option("--least <n>", "occurrences that a key needs for a row of its own", integer(1))
    .option("--stream", "hold no more of the file than a piece; examples are taken as they come")
    .option("--window <n>", "words to each side (skip-gram)", integer(1), 5)
    .option("--negatives <n>", "words drawn against each pair (skip-gram)", integer(1), 5)
    .option("--min-count <n>", "words that occur less often are left out (skip-gram)", integer(1), 5)
    .option("--vectors <file>", "write vectors as word2vec does, too (skip-gram)", outputFile)
    .option("--config <file>", "flags out of a JSON file")
    .option("--json", "print the result as JSON");
  return command.action(async (file: string, flags: TrainFlags) => {
    refuseStrange(command, flags.model);
    const terminal = new Terminal(flags.json);
    const run = flags.model === "skip-gram" ? trainWords : trainMachine;
    process.exitCode = await interruptible((signal) => run({ file, flags, signal, terminal }));
  });
}

function validation(text: string): number | string {
  const share = Number(text);
  if (text.trim() !== "" && Number.isFinite(share)) {
    if (share >= 0 && share < 1) return share;
    throw new InvalidArgumentError("A share must be from 0 to below 1.");
  }
  if (statSync(text, { throwIfNoEntry: false }) !== undefined) return text;
  throw new InvalidArgumentError("It must be a share or a file that is there.");
}

/** A flag that was given and would do nothing is an error. */
function refuseStrange(command: Command, model: TrainFlags["model"]): void {
  const strange = model === "skip-gram" ? OF_MACHINES : OF_WORDS;
  const given = command.options.find((option) => {
    const name = option.attributeName();
    return strange.includes(name) && command.getOptionValueSource(name) === "cli";
  });
  if (given !== undefined) throw new UsageError(`${given.long} means nothing to --model ${model}`);
}
