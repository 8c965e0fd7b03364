/**
 * Installs the frameworks of the examples that have some, each where its lock file is newer than they are. They are large and nothing else
 * needs them, so they are not among the packages of the repository's root.
 */

import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run } from "../../scripts/run.mjs";

/** @param {URL} file */
function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Runs once before the tests. */
export default async function install() {
  for (const example of ["tensorflow", "jax"]) {
    const folder = new URL(`../../examples/${example}/`, import.meta.url);
    const installed = modified(new URL("node_modules/.package-lock.json", folder));
    if (installed >= modified(new URL("package-lock.json", folder))) continue;

    const command = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", fileURLToPath(folder)];
    const start = Date.now();
    process.stderr.write(`Installing what examples/${example} needs, once (npm ${command.join(" ")}) ...\n`);
    const { code, output } = await run("npm", command, { quiet: true });
    if (code !== 0) throw new Error(`what examples/${example} needs could not be installed:\n${output}`);
    process.stderr.write(`  done in ${((Date.now() - start) / 1000).toFixed(1)} s\n`);
  }
}
