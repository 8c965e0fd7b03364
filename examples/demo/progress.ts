/**
 * What is seen while a run is under way: a progress bar on a terminal, nothing elsewhere. Each run ends in one plain line
 * either way.
 */
import { SingleBar } from "cli-progress";
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

  /** Replaces the bar by the run's line. */
  finish({ optimizer, logLoss, auc, examplesPerSecond }: Run): void {
    this.stop();
    const speed = `${formatCount(examplesPerSecond)} examples/s`;
    console.log(
      `  ${pad(optimizer.type)} log-loss ${formatLoss(logLoss)}  AUC ${formatAuc(auc)}  ${speed.padStart(20)}`,
    );
  }

  /** Takes the bar away and gives the terminal its cursor back. */
  stop(): void {
    this.#bar.stop();
  }
}

function pad(name: string): string {
  return name.padEnd("rowwise-adagrad".length);
}
