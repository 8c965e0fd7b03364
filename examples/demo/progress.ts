/**
 * What is seen while a run is under way: a progress bar on a terminal, nothing elsewhere. Each run ends in one plain line
 * either way.
 */
import { SingleBar } from "cli-progress";
import type { Optimizer } from "tallygrad";
import { formatAuc, formatCount, formatLoss } from "./format.js";
import type { Run } from "./run.js";

export class Progress {
  readonly #bar = new SingleBar({
    format: "  {name} {bar} {percentage}%  loss {loss}  {eta_formatted} left",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 28,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stdout,
  });

  /** Shows a bar for a run of at most `total` examples. */
  start(name: string, total: number): void {
    this.#bar.start(total, 0, { name: pad(name), loss: "–" });
  }

  update(examples: number, recentLoss: number): void {
    this.#bar.update(examples, { loss: recentLoss.toFixed(4) });
  }

  /** Replaces the bar by the run's line. Without a run it diverged. */
  finish(optimizer: Optimizer, run: Run | null): void {
    this.stop();
    console.log(`  ${pad(optimizer.type)} ${run ? describe(run) : "diverged"}`);
  }

  /** Takes the bar away and gives the terminal its cursor back. */
  stop(): void {
    this.#bar.stop();
  }
}

function describe({ logLoss, auc, examplesPerSecond }: Run): string {
  const speed = `${formatCount(examplesPerSecond)} examples/s`;
  return `log-loss ${formatLoss(logLoss)}  AUC ${formatAuc(auc)}  ${speed.padStart(20)}`;
}

function pad(name: string): string {
  return name.padEnd("rowwise-adagrad".length);
}
