/** Runs a comparison and says what came of it: a table, a report, JSON. */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import type { FitProgress } from "tallygrad/models";
import type { MachineSetting } from "../compare/machines.js";
import { machineSetting } from "../compare/machines.js";
import { countText, figureNames, figureText, type Rank, ranking, rateText } from "../compare/ranking.js";
import type { Comparison } from "../compare/report/page.js";
import { type Outcome, shortRate, study, summaryOf } from "../compare/study.js";
import { exitCodes } from "./exit.js";
import { wasInterrupted } from "./interrupt.js";
import { columns, type Terminal } from "./terminal.js";

/** What a comparison is of, and where its report goes. */
export interface ComparisonPlan extends Pick<Comparison, "title" | "method" | "curve" | "oracle"> {
  setting: MachineSetting;
  /** Sizes of the parts of the data, for the first seed. */
  examples: Comparison["examples"];
  report: string;
  terminal: Terminal;
}

/** Gives the exit code. What was finished before an interruption is reported. */
export async function runComparison(plan: ComparisonPlan): Promise<number> {
  const { setting, terminal, report } = plan;
  let outcomes: readonly Outcome[] = [];
  let running = "";
  let begun = false;
  const onProgress = ({ examples, total = 1, rate, loss }: FitProgress): void => {
    if (!begun) terminal.start(running, total);
    begun = true;
    terminal.update(examples, { rate, unit: "examples", loss });
  };
  const work = study(machineSetting({ ...setting, onProgress }), {
    onRun: (contestant, rate, seed) => {
      running = `${contestant}, lr ${shortRate(rate)}, seed ${seed}`;
      begun = false;
    },
    onOutcome: (all) => {
      outcomes = all;
      terminal.note(all.slice(-1).map(summaryOf).join(""));
    },
  });
  const interrupted = await wasInterrupted(work);
  terminal.stop();
  if (outcomes.length === 0) {
    terminal.warn("Interrupted before anything was finished; nothing was written.");
    return exitCodes.interrupted;
  }
  const comparison = {
    ...plan,
    machine: machineName(),
    interrupted,
    study: { setting: setting.name, seeds: setting.seeds, outcomes },
  };
  const { renderReport } = await import("../compare/report/page.js");
  writeFileSync(report, renderReport(comparison));
  terminal.result(textOf(comparison, report), jsonOf(comparison, report));
  return interrupted ? exitCodes.interrupted : exitCodes.done;
}

function textOf({ title, study, oracle, interrupted }: Comparison, report: string): string {
  const figures = figureNames(study.outcomes);
  const rows = ranking(study).map((rank) => [
    rank.contestant,
    rateText(rank),
    ...figures.map((name) => figureText(rank, name)),
    rank.diverged ? "" : rank.behind.toFixed(5),
    countText(rank.speed),
    countText(rank.stateBytes),
  ]);
  const known = oracle === undefined ? [] : [["oracle", "", oracleText(oracle), ...figures.map(() => ""), "", ""]];
  const head = ["optimizer", "rate", ...figures, "behind", "examples/s", "state B/row"];
  const seeds = `${study.seeds.length === 1 ? "seed" : "seeds"} ${study.seeds.join(", ")}`;
  const end = `${interrupted ? "Interrupted: contestants are missing. " : ""}Report: ${report}`;
  return `${title}; ${seeds}\n\n${columns([head, ...rows, ...known], 2)}\n\n${end}`;
}

function oracleText(losses: readonly number[]): string {
  return (losses.reduce((sum, loss) => sum + loss, 0) / losses.length).toFixed(5);
}

function jsonOf({ title, study, oracle, examples, interrupted }: Comparison, report: string): unknown {
  const results = ranking(study).map(({ contestant, how, rate, figures, behind, speed, stateBytes }: Rank) => ({
    ...{
      optimizer: contestant,
      rate,
      rateWas: how,
      ...figures,
      behind,
      examplesPerSecond: speed,
      stateBytesPerRow: stateBytes,
    },
  }));
  return { data: title, examples, seeds: study.seeds, interrupted, oracle: oracle ?? null, results, report };
}

function machineName(): string {
  const cores = cpus();
  const model = cores[0]?.model.trim() || "unknown processor";
  return `${cores.length} cores of ${model}, Node ${process.versions.node}`;
}
