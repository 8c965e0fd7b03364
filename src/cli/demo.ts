/** `tallygrad demo`: six optimizers on a synthetic click log, without a file and in less than a minute. */
import { Command } from "commander";
import type { Optimizer } from "tallygrad";
import { type Contestant, contestantOf } from "../compare/contestants.js";
import type { Split } from "../compare/machines.js";
import { countText } from "../compare/ranking.js";
import { type ClickLog, clickLogFields, makeClickLog, oracleOf, sliceLog } from "../synthetic/click-log.js";
import { runComparison } from "./comparison.js";
import { choice, integer, outputFile } from "./flags.js";
import { interruptible } from "./interrupt.js";
import { Terminal } from "./terminal.js";

export interface DemoFlags {
  examples: number;
  seeds: number;
  seed: number;
  batch: number;
  search?: boolean;
  dtype: "f32" | "f16" | "bf16";
  rounding: "nearest" | "stochastic";
  report: string;
  json?: boolean;
}

/** For validation, and for the test. */
const HELD = 50_000;
const DIM = 8;

/** At rates that `demo --search --seed 101` finds, but for tallygrad, which has the models' default. */
const optimizers: readonly (Optimizer & { lr: number })[] = [
  { type: "tallygrad", lr: 0.06, floor: 0.5 },
  { type: "cf-sgd", lr: 0.05, maxLr: 0.0025, normalize: true },
  { type: "sgd", lr: 0.007 },
  { type: "adagrad", lr: 0.028 },
  { type: "rowwise-adagrad", lr: 0.05, accumulator: 4 },
  { type: "adam", lr: 0.002 },
];

export function demoContestants(search = false): Contestant[] {
  return optimizers.map((optimizer) => {
    return { ...contestantOf(optimizer.type, optimizer, optimizer.lr), standard: optimizer.lr, search };
  });
}

export function demoCommand(): Command {
  return new Command("demo")
    .description("Trains a factorization machine with six optimizers on a synthetic click log, and writes a report.")
    .option("--examples <n>", "training examples", integer(1_000, 20_000_000), 300_000)
    .option("--seeds <n>", "logs, each from another planted model", integer(1, 100), 3)
    .option("--seed <n>", "the first of them", integer(0), 1)
    .option("--batch <n>", "examples a step", integer(1, 2 ** 20), 256)
    .option("--search", "search the rate of each optimizer as well")
    .addOption(choice("--dtype <type>", "how vectors are stored", ["f32", "f16", "bf16"]))
    .addOption(choice("--rounding <way>", "how f16 and bf16 are rounded", ["nearest", "stochastic"]))
    .option("--report <file>", "where the report goes", outputFile, "report.html")
    .option("--config <file>", "flags out of a JSON file")
    .option("--json", "print the result as JSON")
    .action(async (flags: DemoFlags) => {
      process.exitCode = await interruptible((signal) => demo(flags, signal));
    });
}

async function demo(flags: DemoFlags, signal: AbortSignal): Promise<number> {
  const { examples, batch, dtype, rounding } = flags;
  const terminal = new Terminal(flags.json);
  const seeds = Array.from({ length: flags.seeds }, (_, at) => flags.seed + at);
  const logs = new Map(seeds.map((seed) => [seed, makeClickLog(seed, examples + 2 * HELD)]));
  const logOf = (seed: number): ClickLog => logs.get(seed) as ClickLog;
  return runComparison({
    title: `Synthetic click log of ${countText(examples)} examples`,
    method: `A factorization machine over 26 fields, 771,264 ids in all, with ${DIM} floats a vector; one pass in batches of ${countText(batch)}. The log is synthetic: each seed plants another model, whose clicks these are. All that changes is the rule that turns a row’s gradient into its step; its rivals’ rates were tuned on other seeds.`,
    curve: "above oracle",
    examples: { train: examples, validation: HELD, test: HELD },
    oracle: seeds.map((seed) => oracleOf(sliceLog(logOf(seed), examples + HELD, examples + 2 * HELD))),
    report: flags.report,
    terminal,
    setting: {
      ...{ name: "click-log", deep: false, fields: clickLogFields, dim: DIM, fit: { batchSize: batch }, seeds, signal },
      options: { dtype, rounding },
      contestants: demoContestants(flags.search),
      splitOf: (seed) => splitOf(logOf(seed), examples),
      oracle: (seed, from, to) => oracleOf(sliceLog(logOf(seed), from, to)),
    },
  });
}

/** The first examples are trained on, the next ones for validation, the last for the test. */
export function splitOf(log: ClickLog, train: number): Split {
  const part = (from: number, to: number): Split["train"] => sliceLog(log, from, to).examples;
  return { train: part(0, train), validation: part(train, train + HELD), test: part(train + HELD, train + 2 * HELD) };
}
