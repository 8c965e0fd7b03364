/** Installs the npm packages of a folder when its lock file is newer than they are: those of the repository, and of tests and examples that have packages of their own. */

import { statSync } from "node:fs";
import { join } from "node:path";
import { root, run, step } from "./run.mjs";

/**
 * @param {string} what What is installed, in words.
 * @param {string} [folder] Below the repository's root.
 * @param {{ optional?: boolean }} [options] `optional` says so and goes on where it cannot be installed: for tests that skip then.
 */
export async function install(what, folder = ".", { optional = false } = {}) {
  /** @param {string} path */
  const modified = (path) => statSync(join(root, folder, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (modified("node_modules/.package-lock.json") >= modified("package-lock.json")) return;
  const where = folder === "." ? [] : ["--prefix", folder];
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", ...where];
  if (!optional) await step(`Installing ${what}`, "npm", args);
  else if ((await run("npm", args, { quiet: true, optional })).code !== 0) {
    process.stderr.write(`${what}: cannot be installed, so its tests are skipped.\n`);
  }
}
