/**
 * Makes docs/results.md anew: every experiment in it, its figures, and the page. `npm run results -- --data DIR`, where DIR has what
 * docs/results.md says; `--only words` runs those whose names begin so. What was run is kept in bench/results/records; `--resume` does not run it again, and
 * `--draw` runs nothing: it makes the page of the records that are there.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Accumulated } from "../../src/compare/report/row-panels.js";
import { type Outcome, type Study, study, summaryOf } from "../../src/compare/study.js";
import { accumulators } from "./accumulators.js";
import { clickLogData, clickLogSettings, oracleLoss } from "./click-log.js";
import { movieLensIds, movieLensSettings } from "./movielens.js";
import { page } from "./page.js";
import { forget, readRecord, recorded, recordNames, writeRecord } from "./records.js";
import { meanOf, speedUps, tails } from "./theory.js";
import { wordSettings } from "./words.js";

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    only: { type: "string", default: "" },
    resume: { type: "boolean", default: false },
    draw: { type: "boolean", default: false },
  },
});
const { data, only, resume, draw } = values;
const SEEDS = [1, 2, 3];
/** Records that are outcomes of optimizers. */
const STUDY = /^(movielens|click-log|words)/;
const start = performance.now();

function tell(text: string): void {
  process.stdout.write(`${((performance.now() - start) / 1000).toFixed(0)} s  ${text}\n`);
}

/** Runs the studies whose names begin as was asked. */
async function runStudies(): Promise<void> {
  const settings = [
    ...(data === undefined ? [] : await movieLensSettings(join(data, "ml-1m"))),
    ...clickLogSettings(),
    ...(data === undefined ? [] : wordSettings(data)),
  ];
  for (const setting of settings.filter(({ name }) => name.startsWith(only))) {
    const onOutcome = (outcomes: readonly Outcome[]): void => {
      writeRecord(setting.name, outcomes);
      tell(`${setting.name}: ${outcomes.slice(-1).map(summaryOf)}`);
    };
    await study(setting, { known: readRecord(setting.name) ?? [], onOutcome });
  }
}

/** Runs what is not a comparison of optimizers, where names begin as was asked. */
async function runOthers(): Promise<void> {
  const asked = async (name: string, run: () => unknown): Promise<void> => {
    if (name.startsWith(only)) await recorded(name, run);
  };
  await asked("theory", () =>
    tails.map((tail) => ({ name: tail.name, rows: meanOf(SEEDS.map((seed) => speedUps(tail, 1_000_000, seed))) })),
  );
  await asked("oracle", () => SEEDS.reduce((sum, seed) => sum + oracleLoss(seed), 0) / SEEDS.length);
  await asked("accumulators", async () => {
    const all: Accumulated[] = [];
    if (data !== undefined) {
      const { fields, examples } = await movieLensIds(join(data, "ml-1m"));
      const how = { dim: 16, lr: 0.02, batchSize: 1024, epochs: 3 };
      all.push(await accumulators("MovieLens-1M, 3 epochs", fields, examples, how));
    }
    const { fields, examples } = clickLogData(1);
    const how = { dim: 8, lr: 0.02, batchSize: 256, epochs: 1 };
    return [...all, await accumulators("click log, 1 pass", fields, examples, how)];
  });
}

if (!draw) {
  if (!resume) forget(only);
  await runStudies();
  await runOthers();
}
if (only === "") {
  const studies = recordNames().flatMap((setting): Study[] => {
    const outcomes = readRecord<Outcome[]>(setting);
    return Array.isArray(outcomes) && STUDY.test(setting) ? [{ setting, seeds: SEEDS, outcomes }] : [];
  });
  const text = page({
    studies,
    oracle: readRecord("oracle"),
    theory: readRecord("theory") ?? [],
    accumulators: readRecord("accumulators") ?? [],
    date: new Date().toISOString().slice(0, 10),
  });
  writeFileSync(new URL("../../docs/results.md", import.meta.url), text);
  tell("docs/results.md");
}
