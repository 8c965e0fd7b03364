/** The libraries that benches compare with, in a Python environment of their own: `build/peers`, made by the first bench that asks. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../build/peers/", import.meta.url));
const requirements = fileURLToPath(new URL("requirements.txt", import.meta.url));
/** The environment's interpreter. */
export const python = `${folder}bin/python`;
const ready = `${folder}ready.txt`;

/** Makes sure that the environment has the pinned versions. Throws if it cannot be had. */
export function preparePeers(): void {
  const wanted = readFileSync(requirements, "utf8");
  if (existsSync(ready) && readFileSync(ready, "utf8") === wanted) return;
  process.stderr.write(
    "Installing PyTorch, FBGEMM, LightFM and gensim into build/peers (several gigabytes, once) ...\n",
  );
  execFileSync("python3", ["-m", "venv", folder], { stdio: "inherit" });
  execFileSync(python, ["-m", "pip", "install", "--quiet", "-r", requirements], { stdio: ["ignore", 2, 2] });
  writeFileSync(ready, wanted);
}

/** The path of a program of this folder. */
export const pathOf = (program: string): string => fileURLToPath(new URL(program, import.meta.url));

/** Runs a program of this folder, and gives the numbers that it prints. */
export function peer(program: string, given: readonly string[]): number[] {
  const printed = execFileSync(python, [pathOf(program), ...given], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return printed.trim().split(/\s+/).map(Number);
}
