/**
 * The page: dials and buttons on one side, what the worker reports on the other. Nothing is trained here; a report is drawn in the
 * next frame, and of several reports in one frame only the last.
 */
import { Dials } from "./dials.js";
import { element } from "./elements.js";
import type { Snapshot } from "./experiment.js";
import type { Report } from "./messages.js";
import { describeLosses, describeOutcome, describeProgress, describeRates } from "./prose.js";
import { Results } from "./results.js";
import { runLength } from "./run.js";
import { defaults, readHash, type Settings, writeHash } from "./settings.js";
import { Trainer } from "./trainer.js";

/** For visitors who asked for less motion, charts move once in this time instead of ten times a second. */
const calmMilliseconds = 1000;
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");

const runButton = element("run", HTMLButtonElement);
const status = element("status", HTMLParagraphElement);

let latest: Report | null = null;
let isFrameAsked = false;
let lastDrawn = 0;
let isDone = false;
/** Filled one by one once the page stands. */
const charts: { draw(snapshot: Snapshot): void }[] = [];

// What follows is cut into tasks, so that the page answers while it is set up. The worker comes first: it has the most to load.
const trainer = new Trainer(receive, (message) => {
  status.textContent = `The learners cannot run: ${message}.`;
});
await nextTask();
const results = new Results();
const dials = new Dials(readHash(location.hash), start);
runButton.addEventListener("click", () => {
  if (isDone) return start(dials.settings);
  if (trainer.isPaused) trainer.resume();
  else trainer.pause();
  showState();
});
element("reset", HTMLButtonElement).addEventListener("click", () => {
  if (trainer.isPaused) trainer.resume();
  dials.settings = defaults;
  start(defaults);
});
addEventListener("hashchange", () => {
  dials.settings = readHash(location.hash);
  start(dials.settings);
});
start(dials.settings);
await openCharts();

async function openCharts(): Promise<void> {
  // The plotting library makes both of these when it is loaded. The first of a kind takes some ten milliseconds, the next one none.
  await nextTask();
  new Intl.NumberFormat(navigator.language);
  await nextTask();
  new Intl.DateTimeFormat().resolvedOptions();
  await nextTask();
  const { LossChart } = await import("./loss-chart.js");
  await nextTask();
  charts.push(new LossChart(element("loss-chart", HTMLDivElement)));
  await nextTask();
  const { RateChart } = await import("./rate-chart.js");
  charts.push(new RateChart(element("rate-chart", HTMLDivElement)));
  if (latest) receive(latest);
}

function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function start(settings: Settings): void {
  // `replaceState` makes no entry in the history and no `hashchange`.
  const hash = writeHash(settings);
  history.replaceState(null, "", hash === "" ? location.pathname + location.search : `#${hash}`);
  isDone = false;
  trainer.start(settings);
  showState();
}

function receive(report: Report): void {
  latest = report;
  if (isFrameAsked) return;
  isFrameAsked = true;
  requestAnimationFrame(drawLatest);
}

function drawLatest(now: number): void {
  isFrameAsked = false;
  if (!latest) return;
  const { snapshot } = latest;
  const isNews = latest.isDone || snapshot.examples === 0;
  if (isCalm.matches && !isNews && now - lastDrawn < calmMilliseconds) return;
  lastDrawn = now;
  for (const chart of charts) chart.draw(snapshot);
  results.show(snapshot);
  element("progress", HTMLProgressElement).value = snapshot.examples / runLength;
  element("count", HTMLParagraphElement).textContent = describeProgress(snapshot);
  element("loss-summary", HTMLElement).textContent = describeLosses(snapshot);
  element("rate-summary", HTMLElement).textContent = describeRates(snapshot);
  element("engine", HTMLParagraphElement).textContent = describeEngine(latest);
  isDone = latest.isDone;
  showState();
}

function showState(): void {
  runButton.textContent = isDone ? "Run again" : trainer.isPaused ? "Run" : "Pause";
  const text = isDone && latest ? describeOutcome(latest.snapshot) : trainer.isPaused ? "Paused." : "Learning.";
  // Set only when it changes: each change is read aloud.
  if (status.textContent !== text) status.textContent = text;
}

function describeEngine({ firstTableAt, snapshot: { backend } }: Report): string {
  const wait = Math.round(firstTableAt - performance.timeOrigin);
  return `All of this ran in a worker of your browser, on ${backend.kind === "wasm" ? "WebAssembly" : backend.kind} (${backend.simd}). The first table was ready ${wait} ms after the page was asked for.`;
}
