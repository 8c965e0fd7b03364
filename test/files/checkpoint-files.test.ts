/** Checkpoints as files: one that is killed while it writes leaves the old file or the new one, and so do failures of every kind. */
import { spawn } from "node:child_process";
import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EmbeddingTable } from "../contract/subject.js";
import { Random, seed } from "../contract/support/random.js";
import { OracleTable } from "../oracle/oracle-table.js";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tallygrad-"));
});
afterEach(() => rm(folder, { recursive: true }));

const options = { rows: 30_000, dim: 16, optimizer: { type: "sgd", lr: 1 } } as const;

/** Runs the program that keeps saving, kills it some milliseconds after it has called so many saves done, and gives the last step that it called saved. */
function killedAfter(saves: number, milliseconds: number, path: string): Promise<number> {
  const program = fileURLToPath(new URL("keeps-saving.mjs", import.meta.url));
  const child = spawn(process.execPath, [program, path], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  let dying = false;
  child.stdout.on("data", (chunk) => {
    printed += chunk;
    // The first line is the step it begins with.
    if (dying || printed.split("\n").length - 2 < saves) return;
    dying = true;
    setTimeout(() => child.kill("SIGKILL"), milliseconds);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => {
      const whole = printed.slice(0, printed.lastIndexOf("\n"));
      resolve(Number(whole.split("\n").at(-1)));
    });
  });
}

test(`a process that is killed at 200 random points leaves a whole file, of the last step that it saved or the next (seed ${seed})`, async () => {
  const path = join(folder, "table.safetensors");
  const oracle = new OracleTable(options);
  const first = new EmbeddingTable(options);
  const gradients = new Float32Array(options.dim).fill(1);
  const random = new Random(seed);
  // How long a save takes depends on the machine: a process is killed within twice that time, with none to four saves done.
  const started = performance.now();
  for (let save = 0; save < 20; save += 1) await first.save(path);
  const window = (2 * (performance.now() - started)) / 20;
  let step = 0;
  for (let round = 0; round < 200; round += 1) {
    const saves = Math.floor(random.uniform() * 5);
    const told = await killedAfter(saves, random.uniform() * window, path);
    const table = await EmbeddingTable.load(path);
    expect([Math.max(told, step), Math.max(told, step) + 1]).toContain(table.step);
    for (; step < table.step; step += 1) oracle.update([step % options.rows], gradients);
    if (round % 20 === 19) expect(table.fingerprint()).toBe(oracle.fingerprint());
    expect(table.tallies().reduce((sum, tally) => sum + tally)).toBe(table.step);
    for (const left of await readdir(folder)) if (left.endsWith(".tmp")) await rm(join(folder, left));
  }
  expect(step).toBeGreaterThan(200);
}, 240_000);

describe("a path", () => {
  test("can be a file: URL, and is read and written as the same bytes as a Blob", async () => {
    const [table, path] = [new EmbeddingTable(options), join(folder, "a table")];
    await table.save(pathToFileURL(path));
    expect(Buffer.compare(await readFile(path), Buffer.from(await (await table.save()).arrayBuffer()))).toBe(0);
    expect((await EmbeddingTable.load(pathToFileURL(path))).fingerprint()).toBe(table.fingerprint());
    expect(await readdir(folder)).toEqual(["a table"]);
  });

  test("keeps the mode of the file that it replaces, and a link stays one", async () => {
    const [path, link] = [join(folder, "table"), join(folder, "link")];
    await writeFile(path, "old");
    await chmod(path, 0o600);
    await symlink("table", link);
    const table = new EmbeddingTable(options);
    await table.save(link);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await EmbeddingTable.load(path)).fingerprint()).toBe(table.fingerprint());
  });

  test("that cannot be written is the system's own error, and nothing is left behind", async () => {
    const table = new EmbeddingTable(options);
    await expect(table.save(join(folder, "no", "such"))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(table.save(folder)).rejects.toHaveProperty("code");
    await expect(EmbeddingTable.load(join(folder, "no"))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(table.save(new URL("https://example.org/table"))).rejects.toMatchObject({ code: "ERR_OPTION_VALUE" });
    expect(await readdir(folder)).toEqual([]);
    table.resetRows([1]);
  });

  test("of a call that is stopped has the old file, and no other is there", async () => {
    const path = join(folder, "table");
    await writeFile(path, "old");
    const controller = new AbortController();
    const stopped = new EmbeddingTable(options).save(path, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(stopped).rejects.toHaveProperty("name", "AbortError");
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["table"]);
  });
});
