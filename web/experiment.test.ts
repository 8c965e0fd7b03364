/** The experiment without a browser: what the page says of it, and that nothing which feeds a table depends on the engine. */
import { afterEach, expect, test, vi } from "vitest";
import { ClickStream } from "./clicks.js";
import { Experiment, type Snapshot } from "./experiment.js";
import { defaults, readHash } from "./settings.js";

afterEach(() => void vi.restoreAllMocks());

/** A whole run at the settings that one of the page's links asks for. */
function runToEnd(hash: string): Snapshot {
  const experiment = new Experiment(readHash(hash));
  while (!experiment.isDone) experiment.advance();
  const snapshot = experiment.snapshot();
  experiment.dispose();
  return snapshot;
}

/** Fingerprints of all tables after some portions. */
function startOfRun(settings = defaults) {
  const experiment = new Experiment(settings);
  for (let portion = 0; portion < 4; portion++) experiment.advance();
  const { fingerprints } = experiment;
  experiment.dispose();
  return fingerprints;
}

function aboveOracle({ learners }: Snapshot): Record<string, number> {
  return Object.fromEntries(learners.map((learner) => [learner.name, learner.aboveOracle.at(-1) ?? Number.NaN]));
}

function diverged({ learners }: Snapshot): string[] {
  return learners.filter(({ hasDiverged }) => hasDiverged).map(({ name }) => name);
}

test("The same settings give the same tables, others give others", () => {
  const once = startOfRun();
  expect(startOfRun()).toEqual(once);
  for (const other of [{ exponent: 1.1 }, { rateFactor: 2 }, { batch: 512 }]) {
    startOfRun({ ...defaults, ...other }).forEach((fingerprints, learner) => {
      expect(fingerprints.vectors).not.toBe(once[learner]?.vectors);
    });
  }
});

test("An engine whose functions differ in last bits gives the same tables", () => {
  const expected = startOfRun();
  for (const name of ["exp", "expm1", "log", "log1p", "log2", "log10", "pow", "sin", "cos", "tanh", "cbrt"] as const) {
    const original = Math[name] as (...values: number[]) => number;
    vi.spyOn(Math, name).mockImplementation((...values: number[]) => original(...values) * (1 + 1e-9));
  }
  expect(Math.exp(1)).not.toBe(Math.E);
  expect(startOfRun()).toEqual(expected);
});

test("The stream does not depend on how it is cut", () => {
  const [whole, cut] = [new ClickStream(1.2, 3), new ClickStream(1.2, 3)];
  const all = whole.next(100);
  const parts = [cut.next(1), cut.next(36), cut.next(63)];
  for (const name of Object.keys(all.columns)) {
    expect(parts.flatMap(({ columns }) => [...(columns[name] ?? [])])).toEqual([...(all.columns[name] ?? [])]);
  }
  expect(parts.flatMap(({ labels }) => [...labels])).toEqual([...all.labels]);
});

test("At the first settings all learn: cf-sgd ends nearest to the oracle, then tallygrad, then sgd", () => {
  const snapshot = runToEnd("");
  const { sgd = 0, "cf-sgd": cfSgd = 0, tallygrad = 0 } = aboveOracle(snapshot);
  expect(diverged(snapshot)).toEqual([]);
  expect(0).toBeLessThan(cfSgd);
  expect(cfSgd).toBeLessThan(tallygrad);
  expect(tallygrad).toBeLessThan(sgd);
  expect(sgd).toBeLessThan(snapshot.guessing / 2);
}, 60_000);

test("With batches of 4,096 only tallygrad stays on course", () => {
  const snapshot = runToEnd("#batch=4096");
  expect(diverged(snapshot)).toEqual(["sgd", "cf-sgd"]);
  expect(aboveOracle(snapshot).tallygrad).toBeLessThan(snapshot.guessing / 2);
}, 60_000);

test("At twice the rates tallygrad is level with cf-sgd, and sgd is worse than at its own", () => {
  const { sgd = 0, "cf-sgd": cfSgd = 0, tallygrad = 0 } = aboveOracle(runToEnd("#rates=2"));
  expect(Math.abs(tallygrad - cfSgd)).toBeLessThan(0.001);
  expect(sgd).toBeGreaterThan(0.045);
}, 60_000);

test("At exponent 0 tallygrad ends last", () => {
  const { sgd = 0, "cf-sgd": cfSgd = 0, tallygrad = 0 } = aboveOracle(runToEnd("#zipf=0"));
  expect(tallygrad).toBeGreaterThan(Math.max(sgd, cfSgd));
}, 60_000);
