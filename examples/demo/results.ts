/**
 * Everything a demo run found out, gathered once: the terminal's tables, the report and the JSON file are three views of it.
 */
import { cpus } from "node:os";
import type { Optimizer } from "tallygrad";
import { type Dataset, positiveRate } from "./dataset.js";
import { aboveOracle, measureOracle, type Oracle } from "./oracle.js";
import type { Recipe } from "./recipes.js";
import type { Run } from "./run.js";

export interface Results {
  /** One line that says what the data is, with "synthetic" in it if it is. */
  readonly title: string;
  readonly synthetic: boolean;
  readonly fields: number;
  readonly rows: number;
  readonly trainExamples: number;
  readonly testExamples: number;
  /** Share of positive labels among the training examples. */
  readonly positiveRate: number;
  readonly recipe: Recipe;
  /** Null for data that nobody planted. */
  readonly oracle: Oracle | null;
  /** With an oracle, the curves are what is above it. */
  readonly runs: readonly Run[];
  /** Whose training diverged, which leaves no figures. */
  readonly diverged: readonly Optimizer[];
  /** What the times were measured on. */
  readonly machine: string;
}

export function gatherResults(
  data: Dataset,
  recipe: Recipe,
  runs: readonly Run[],
  diverged: readonly Optimizer[],
): Results {
  const { title, synthetic, fields, rows, train, test } = data;
  return {
    title,
    synthetic,
    fields,
    rows,
    trainExamples: train.count,
    testExamples: test.count,
    positiveRate: positiveRate(train),
    recipe,
    oracle: measureOracle(data),
    runs: runs.map((run) => ({ ...run, curve: aboveOracle(run.curve, train) ?? run.curve })),
    diverged,
    machine: describeMachine(),
  };
}

/** The figures for other programs; `optimizer` is the type's name. A run that diverged is left out: it has none. */
export function toJson({ title, fields, trainExamples, oracle, runs }: Results): string {
  const figures = {
    data: title,
    fields,
    examples: trainExamples,
    oracle: oracle && { logLoss: oracle.logLoss, auc: oracle.auc },
    runs: runs.map(({ optimizer, lr, logLoss, auc, examplesPerSecond, stateBytesPerRow, buckets }) => ({
      optimizer: optimizer.type,
      lr,
      logLoss,
      auc,
      examplesPerSecond,
      stateBytesPerRow,
      buckets,
    })),
  };
  return `${JSON.stringify(figures, null, 2)}\n`;
}

function describeMachine(): string {
  const cores = cpus();
  const model = cores[0]?.model.trim() || "unknown processor";
  return `${cores.length} cores of ${model}, Node ${process.versions.node}`;
}
