/**
 * Makes docs/results.md anew: every experiment in it, its figures, and the page. `npm run results -- --data DIR`, where DIR has what
 * docs/results.md says; `--only words` runs those whose names begin so. What was run is kept in build/results and not run again.
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { clickLogSettings } from "./click-log.js";
import { movieLensSettings } from "./movielens.js";
import { study } from "./study.js";
import { wordSettings } from "./words.js";

const { values } = parseArgs({ options: { data: { type: "string" }, only: { type: "string", default: "" } } });
const settings = [
  ...(values.data === undefined ? [] : movieLensSettings(join(values.data, "ml-1m"))),
  ...clickLogSettings(),
  ...(values.data === undefined ? [] : wordSettings(values.data)),
];
const start = performance.now();
for (const setting of settings.filter(({ name }) => name.startsWith(values.only))) {
  await study(setting, (text) =>
    process.stdout.write(`${((performance.now() - start) / 1000).toFixed(0)} s  ${text}\n`),
  );
}
