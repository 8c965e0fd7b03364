/**
 * Installs what the tests of this folder run against, other runtimes and bundlers, if its lock file is newer than they are. They are large
 * and nothing else needs them, so they are not among the packages of the repository's root.
 */

import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run } from "../../scripts/run.mjs";

const folder = fileURLToPath(new URL(".", import.meta.url));

/** @param {string} path */
function modified(path) {
  return statSync(new URL(path, import.meta.url), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Runs once before the tests. */
export default async function install() {
  if (modified("node_modules/.package-lock.json") >= modified("package-lock.json")) return;
  const command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder];
  const start = Date.now();
  process.stderr.write(`Installing runtimes and bundlers for tests, once (${command.join(" ")}) ...\n`);
  const { code, output } = await run("npm", command.slice(1), { quiet: true });
  if (code !== 0) throw new Error(`runtimes and bundlers could not be installed:\n${output}`);
  process.stderr.write(`  done in ${((Date.now() - start) / 1000).toFixed(1)} s\n`);
}
