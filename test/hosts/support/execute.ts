/** Other processes: with nothing of this one's environment but what programs need, so that they run as they do for users. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { promisify } from "node:util";

const { PATH = "", HOME = "" } = process.env;
const base = { PATH, HOME, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; one that does not end in two minutes is killed. */
export async function execute(
  [path, ...programArguments]: readonly [string, ...string[]],
  folder: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Output> {
  return await promisify(execFile)(path, programArguments, {
    cwd: folder,
    env: { ...base, ...environment },
    timeout: 120_000,
    maxBuffer: 1 << 26,
  });
}

/** Starts a program that goes on running, and waits until what it prints matches. */
export async function start(
  [path, ...programArguments]: readonly [string, ...string[]],
  folder: string,
  printed: RegExp,
): Promise<{ child: ChildProcess; match: string }> {
  const child = spawn(path, programArguments, { cwd: folder, env: base });
  let output = "";
  const match = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
        const found = printed.exec(output);
        if (found !== null) resolve(found[0]);
      });
    }
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`${path} ${programArguments.join(" ")} has ended:\n${output}`)));
  });
  return { child, match };
}
