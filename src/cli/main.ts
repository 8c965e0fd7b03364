/** `npx tallygrad`: trains, compares and questions models from the command line. Each command has a file of its own. */
import { Command, CommanderError } from "commander";
import { compareCommand } from "./compare.js";
import { withConfig } from "./config.js";
import { demoCommand } from "./demo.js";
import { evaluateCommand } from "./evaluate.js";
import { exitCodes, UsageError } from "./exit.js";
import { Interrupted } from "./interrupt.js";
import { neighborsCommand } from "./neighbors.js";
import { trainCommand } from "./train.js";

function program(): Command {
  const commands = [trainCommand(), evaluateCommand(), neighborsCommand(), compareCommand(), demoCommand()];
  const program = new Command("tallygrad")
    .description(
      "Factorization machines, DeepFM and word vectors whose rows learn at the rate their own count asks for.",
    )
    .helpCommand(false)
    .showHelpAfterError("(--help shows what there is)")
    .addHelpText(
      "after",
      '\nEvery flag may stand in a JSON file instead, `--config FILE`: {"label": "click", "epochs": 5}.\nExit codes: 0 done, 1 data or files are not as they should be, 2 wrong usage, 130 interrupted.',
    );
  for (const command of commands) program.addCommand(command.copyInheritedSettings(program));
  for (const command of [program, ...commands]) command.exitOverride();
  return program;
}

/** What the user can mend gets one line; anything else is a fault of this program, and its trace. */
function explain(error: unknown): number {
  // Commander has said what is wrong, or shown the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  if (error instanceof Interrupted) return exitCodes.interrupted;
  if (error instanceof UsageError) {
    process.stderr.write(`error: ${error.message}\n`);
    return exitCodes.usage;
  }
  if (error instanceof Error && "code" in error) {
    process.stderr.write(`error: ${error.message}\n`);
    return exitCodes.failed;
  }
  throw error;
}

// Whoever reads the output may have seen enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exitCodes.done);
  throw error;
});

try {
  await program().parseAsync(withConfig(process.argv.slice(2)), { from: "user" });
} catch (error) {
  process.exitCode = explain(error);
}
