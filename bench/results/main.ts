/**
 * Makes docs/results.md anew: every experiment in it, its figures, and the page. `npm run results -- --data DIR`, where DIR has what
 * docs/results.md says; `--only words` runs those whose names begin so. What was run is kept in bench/results/records; `--resume` does not run it again.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Accumulated } from "../../src/compare/report/row-panels.js";
import { type Outcome, study, summaryOf } from "../../src/compare/study.js";
import { accumulators } from "./accumulators.js";
import { clickLogData, clickLogSettings, oracleLoss } from "./click-log.js";
import { movieLensIds, movieLensSettings } from "./movielens.js";
import { page } from "./page.js";
import { forget, readRecord, recorded, writeRecord } from "./records.js";
import { meanOf, speedUps, tails } from "./theory.js";
import { wordSettings } from "./words.js";

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    only: { type: "string", default: "" },
    resume: { type: "boolean", default: false },
  },
});
const { data, only, resume } = values;
const start = performance.now();

function tell(text: string): void {
  process.stdout.write(`${((performance.now() - start) / 1000).toFixed(0)} s  ${text}\n`);
}

if (!resume) forget(only);
const settings = [
  ...(data === undefined ? [] : await movieLensSettings(join(data, "ml-1m"))),
  ...clickLogSettings(),
  ...(data === undefined ? [] : wordSettings(data)),
];
const studies = [];
for (const setting of settings.filter(({ name }) => name.startsWith(only))) {
  const onOutcome = (outcomes: readonly Outcome[]): void => {
    writeRecord(setting.name, outcomes);
    tell(`${setting.name}: ${outcomes.slice(-1).map(summaryOf)}`);
  };
  studies.push(await study(setting, { known: readRecord(setting.name) ?? [], onOutcome }));
}

if (only === "") {
  const seeds = [1, 2, 3];
  const theory = await recorded("theory", () =>
    tails.map((tail) => ({ name: tail.name, rows: meanOf(seeds.map((seed) => speedUps(tail, 1_000_000, seed))) })),
  );
  const oracle = await recorded("oracle", () => seeds.reduce((sum, seed) => sum + oracleLoss(seed), 0) / seeds.length);
  const measured = await recorded("accumulators", async () => {
    const all: Accumulated[] = [];
    if (data !== undefined) {
      const { fields, examples } = await movieLensIds(join(data, "ml-1m"));
      all.push(
        await accumulators("MovieLens-1M, 3 epochs", fields, examples, {
          dim: 16,
          lr: 0.02,
          batchSize: 1024,
          epochs: 3,
        }),
      );
    }
    const { fields, examples } = clickLogData(1);
    all.push(
      await accumulators("click log, 1 pass", fields, examples, { dim: 8, lr: 0.02, batchSize: 256, epochs: 1 }),
    );
    return all;
  });
  const machine = `${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`;
  const date = new Date().toISOString().slice(0, 10);
  const text = page({ studies, oracle, theory, accumulators: measured, machine, date });
  writeFileSync(new URL("../../docs/results.md", import.meta.url), text);
  tell("docs/results.md");
}
