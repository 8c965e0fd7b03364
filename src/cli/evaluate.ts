/** `tallygrad evaluate MODEL FILE`: how good a model is on examples. */
import { Command } from "commander";
import { readerOf, tellSkipped } from "./data.js";
import { exitCodes } from "./exit.js";
import { type DataFlags, dataFlags } from "./flags.js";
import { interruptible } from "./interrupt.js";
import { countTable, metricsJson, metricsText, reliabilityTable } from "./metrics-text.js";
import { loadMachine } from "./saved.js";
import { Terminal } from "./terminal.js";

interface EvaluateFlags extends DataFlags {
  json?: boolean;
}

export function evaluateCommand(): Command {
  const command = new Command("evaluate")
    .description("Loss, AUC, calibration and losses by frequency of a factorization machine or DeepFM on examples.")
    .argument("<model>", "a file that train wrote")
    .argument("<file>", "examples, as for train");
  return dataFlags(command)
    .option("--config <file>", "flags out of a JSON file")
    .option("--json", "print the result as JSON")
    .action(async (model: string, file: string, flags: EvaluateFlags) => {
      process.exitCode = await interruptible((signal) => evaluate(model, file, flags, signal));
    });
}

async function evaluate(path: string, file: string, flags: EvaluateFlags, signal: AbortSignal): Promise<number> {
  const terminal = new Terminal(flags.json);
  using model = await loadMachine(path);
  const examples = readerOf(file, flags, signal, terminal);
  const metrics = await model.evaluate(examples);
  terminal.stop();
  tellSkipped(file, examples, terminal);
  const text = [metricsText(metrics, model.loss, file), reliabilityTable(metrics), countTable(metrics)].join("\n\n");
  terminal.result(text, metricsJson(metrics));
  return exitCodes.done;
}
