/**
 * The worker that trains. It works in turns of one portion, some milliseconds each, and takes commands in between, so that pausing and
 * changing a setting act at once. It reports about ten times a second, whatever its speed.
 */
import { EmbeddingTable } from "tallygrad";
import { Experiment } from "./experiment.js";
import type { Command, Report } from "./messages.js";

/** What a worker has for a global object; the project is checked with the page's types, which differ. */
interface WorkerScope {
  postMessage(report: Report): void;
  addEventListener(type: "message", listener: (event: MessageEvent<Command>) => void): void;
}
const scope: WorkerScope = self;

const millisecondsBetweenReports = 100;

const firstTableAt = makeFirstTable();
let experiment: Experiment | null = null;
let run = 0;
let isPaused = false;
let isTurnAsked = false;
let lastReport = 0;
/** The latest start that no turn has taken up yet: while a slider is dragged, only the last one counts. */
let pending: Extract<Command, { type: "start" }> | null = null;

// A message to oneself is the shortest way to let other messages in; timers wait four milliseconds.
const { port1: turns, port2: turnSource } = new MessageChannel();
turns.onmessage = takeTurn;

scope.addEventListener("message", ({ data: command }) => {
  if (command.type === "start") pending = command;
  isPaused = command.type === "start" ? command.isPaused : command.type === "pause";
  askForTurn();
});

/** Has the kernel compiled before the page's first command is here, and says when that was done. */
function makeFirstTable(): number {
  new EmbeddingTable({ rows: 1, dim: 1 }).dispose();
  return performance.timeOrigin + performance.now();
}

function askForTurn(): void {
  if (isTurnAsked) return;
  isTurnAsked = true;
  turnSource.postMessage(null);
}

function takeTurn(): void {
  isTurnAsked = false;
  if (pending) {
    experiment?.dispose();
    experiment = new Experiment(pending.settings);
    run = pending.run;
    pending = null;
    report(experiment);
  } else if (experiment && !isPaused && !experiment.isDone) {
    experiment.advance();
    if (experiment.isDone || performance.now() - lastReport > millisecondsBetweenReports) report(experiment);
  }
  if (experiment && !isPaused && !experiment.isDone) askForTurn();
}

function report(current: Experiment): void {
  lastReport = performance.now();
  scope.postMessage({ run, snapshot: current.snapshot(), isDone: current.isDone, firstTableAt });
}
