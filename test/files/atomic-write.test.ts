/** A process that keeps replacing a file is killed at random moments: its path has all of one version each time. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, expect, test } from "vitest";
import { Random, seed } from "../contract/support/random.js";

const folder = mkdtempSync(join(tmpdir(), "tallygrad-atomic-"));
const program = fileURLToPath(new URL("support/replace-forever.mjs", import.meta.url));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the program from version `first` on and kills it `milliseconds` after it has begun; gives the last version that it said was in place. */
async function killed(bundle: string, path: string, first: number, milliseconds: number): Promise<number> {
  const child = spawn(process.execPath, [program, bundle, path, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.on("close", (_, signal) => resolve(signal)));
  let printed = "";
  await new Promise<void>((begun) => {
    child.stdout.on("data", (text) => {
      printed += text;
      begun();
    });
  });
  await setTimeout(milliseconds);
  child.kill("SIGKILL");
  expect(await ended).toBe("SIGKILL");
  const versions = printed.trimEnd().split("\n").slice(1).map(Number);
  return versions.at(-1) ?? first - 1;
}

/** The version that a file has, and has all of. */
function versionOf(path: string): number {
  const bytes = new Uint8Array(readFileSync(path));
  const words = new Uint32Array(bytes.buffer, 0, bytes.length / 4);
  const version = words[0] ?? Number.NaN;
  expect(bytes.length).toBe(10_000 * (5 + (version % 7)));
  expect(words.every((word) => word === version)).toBe(true);
  return version;
}

test(`a file that is replaced when its writer is killed has the old or the new version, 200 times (seed ${seed})`, async () => {
  const random = new Random(seed);
  const bundle = join(folder, "target.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("../../src/files/target.ts", import.meta.url))],
    outfile: bundle,
    bundle: true,
    format: "esm",
  });
  const files = join(folder, "files");
  const path = join(mkdtempSync(files), "versions.bin");
  writeFileSync(path, new Uint8Array(new Uint32Array(12_500).buffer));
  let version = 0;
  for (let kill = 0; kill < 200; kill++) {
    const inPlace = await killed(bundle, path, version + 1, 12 * random.uniform());
    const found = versionOf(path);
    // What was said to be in place is, or what came after it.
    expect([inPlace, inPlace + 1]).toContain(found);
    version = found;
  }
  const others = readdirSync(join(path, "..")).filter((name) => name !== "versions.bin");
  expect(others.filter((name) => !/^\.versions\.bin\.[0-9a-f]{8}\.tmp$/.test(name))).toEqual([]);
  // Kills did hit writes, and what they left behind disturbed nobody.
  expect(others.length).toBeGreaterThan(20);
  expect(version).toBeGreaterThan(20);
}, 120_000);
