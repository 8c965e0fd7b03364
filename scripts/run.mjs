/** What the scripts share: running a command and saying what and how long. Plain Node, because nothing may be installed yet. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Runs a command in the repository's root, its output passed on.
 * @param {string} command
 * @param {string[]} args
 * @param {{ env?: Record<string, string | undefined>, quiet?: boolean, optional?: boolean }} [options] `quiet` shows output only of a command
 *   that fails, and not even that of one that is `optional`.
 * @returns {Promise<{ code: number, output: string }>} The exit code (127 if there is no such command) and what it printed.
 */
export function run(command, args, { env = {}, quiet = false, optional = false } = {}) {
  const windowsShim = process.platform === "win32" && ["npm", "npx"].includes(command);
  const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, shell: windowsShim });
  let output = "";
  for (const [stream, target] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
      if (!quiet) target.write(text);
    });
  }
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ code: 127, output: `${output}${error.message}\n` }));
    child.on("close", (code) => {
      if (quiet && !optional && code !== 0) process.stderr.write(output);
      resolve({ code: code ?? 1, output });
    });
  });
}

/**
 * Runs a step of a set-up: says what it does and how long it took, and ends the process if it fails.
 * @param {string} what
 * @param {string} command
 * @param {string[]} args
 * @param {Record<string, string | undefined>} [env]
 */
export async function step(what, command, args, env = {}) {
  const start = Date.now();
  process.stderr.write(`${what} (${[command, ...args].join(" ")}) ...\n`);
  const { code } = await run(command, args, { quiet: true, env });
  if (code !== 0) {
    process.stderr.write(`${what} failed.\n`);
    process.exit(1);
  }
  process.stderr.write(`  done in ${((Date.now() - start) / 1000).toFixed(1)} s\n`);
}

/**
 * A program of an installed npm package, as arguments for Node.
 * @param {string} path Below node_modules.
 */
export function installed(path) {
  return fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url));
}
