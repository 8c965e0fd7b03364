/** Installs the npm packages of a folder when its lock file is newer than they are: those of the repository, and of tests and examples that have packages of their own. */

import { statSync } from "node:fs";
import { join } from "node:path";
import { root, step } from "./run.mjs";

/**
 * @param {string} what What is installed, in words.
 * @param {string} [folder] Below the repository's root.
 */
export async function install(what, folder = ".") {
  /** @param {string} path */
  const modified = (path) => statSync(join(root, folder, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (modified("node_modules/.package-lock.json") >= modified("package-lock.json")) return;
  const where = folder === "." ? [] : ["--prefix", folder];
  await step(`Installing ${what}`, "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", ...where]);
}
