/** The page's end of the worker: starts, pauses and resumes runs, and hands on reports, but none of a run that was replaced. */
import type { Command, Report } from "./messages.js";
import type { Settings } from "./settings.js";

export class Trainer {
  readonly #worker = new Worker(new URL("./training.worker.ts", import.meta.url), { type: "module" });
  #run = 0;
  #isPaused = false;

  /** @param onFailure Told in words what went wrong; there are no reports from then on. */
  constructor(onReport: (report: Report) => void, onFailure: (message: string) => void) {
    this.#worker.addEventListener("message", ({ data: report }: MessageEvent<Report>) => {
      if (report.run === this.#run) onReport(report);
    });
    this.#worker.addEventListener("error", ({ message }) => onFailure(message || "the worker could not be loaded"));
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** A new run. It stays paused if the last one was. */
  start(settings: Settings): void {
    this.#run++;
    this.#send({ type: "start", run: this.#run, settings, isPaused: this.#isPaused });
  }

  pause(): void {
    this.#isPaused = true;
    this.#send({ type: "pause" });
  }

  resume(): void {
    this.#isPaused = false;
    this.#send({ type: "resume" });
  }

  #send(command: Command): void {
    this.#worker.postMessage(command);
  }
}
