/**
 * Runs one of the programs in `children/`, each a process of its own over the built package.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface ChildResult {
  /** Exit code, or null if a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  /** What the program printed, parsed as JSON. */
  readonly printed: Record<string, unknown>;
}

/** Runs `children/<program>.mjs`; a program that takes longer than `timeout` milliseconds is killed. */
export async function runChild(
  program: string,
  {
    nodeOptions = [],
    programArguments = [],
    timeout = 30_000,
  }: {
    nodeOptions?: readonly string[];
    programArguments?: readonly string[];
    timeout?: number;
  } = {},
): Promise<ChildResult> {
  if (!existsSync(new URL("../../../dist/index.js", import.meta.url))) {
    throw new Error("dist/index.js is not there: build the package before this test");
  }
  const path = fileURLToPath(new URL(`../children/${program}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [...nodeOptions, path, ...programArguments], { timeout });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ code, signal, stderr, printed: stdout === "" ? {} : JSON.parse(stdout) });
    });
  });
}
