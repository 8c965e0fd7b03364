/**
 * Saves and loads a table of 2 GB and compares the rates with the disk's, as `dd` with fsync has it; measures the memory that it
 * takes besides the table and the longest time that the event loop stands still. `npm run bench:checkpoint`; `--gigabytes 0.5` for less. The first
 * round does not count: a virtual machine takes seconds for memory that it has never used.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { EmbeddingTable } from "tallygrad";

const { values } = parseArgs({
  options: { gigabytes: { type: "string", default: "2" }, rounds: { type: "string", default: "5" } },
});
const [dim, rounds] = [64, Number(values.rounds)];
const rows = Math.round((Number(values.gigabytes) * 2 ** 30) / (4 * dim));
const folder = mkdtempSync(join(tmpdir(), "tallygrad-"));
const [file, other] = [join(folder, "table.safetensors"), join(folder, "dd")];

interface Measured {
  seconds: number;
  /** Megabytes of memory besides the table. */
  extra: number;
  /** Milliseconds of the event loop's longest stop. */
  longest: number;
}

/** Bytes of memory that this process has had at most since the last call. */
function peak(): number {
  const status = readFileSync("/proc/self/status", "utf8");
  return 1024 * Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]);
}

async function measured(grows: number, work: () => Promise<unknown>): Promise<Measured> {
  writeFileSync("/proc/self/clear_refs", "5");
  const before = process.memoryUsage.rss();
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  delays.disable();
  return { seconds, extra: (peak() - before - grows) / 2 ** 20, longest: delays.max / 1e6 };
}

function seconds(program: string, given: string[]): number {
  const start = performance.now();
  execFileSync(program, given, { stdio: "ignore" });
  return (performance.now() - start) / 1000;
}

/** Has the file read from the disk the next time. */
function forget(path: string): void {
  execFileSync("dd", [`if=${path}`, "iflag=nocache", "count=0"], { stdio: "ignore" });
}

const median = (numbers: number[]): number => numbers.sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
const table = new EmbeddingTable({ rows, dim, init: { type: "normal" } });
const all = { save: [] as Measured[], load: [] as Measured[], write: [] as number[], read: [] as number[] };
try {
  for (let round = 0; round <= rounds; round++) {
    all.save.push(await measured(0, () => table.save(file)));
    // The same bytes: disks are faster with zeros.
    all.write.push(seconds("dd", [`if=${file}`, `of=${other}`, "bs=4M", "conv=fsync"]));
    forget(file);
    all.read.push(seconds("dd", [`if=${file}`, "of=/dev/null", "bs=4M"]));
    forget(file);
    let loaded: EmbeddingTable | undefined;
    const { weights, state, tallies } = table.memory;
    const load = await measured(weights + state + tallies, async () => {
      loaded = await EmbeddingTable.load(file);
    });
    all.load.push(load);
    if (loaded?.step !== table.step || loaded.lookup([rows - 1]).join() !== table.lookup([rows - 1]).join()) {
      throw new Error("what was loaded is not what was saved");
    }
    loaded.dispose();
    if (round === 0) for (const runs of Object.values(all)) runs.pop();
  }
} finally {
  rmSync(folder, { recursive: true });
}
for (const [name, disk] of [
  ["save", "write"],
  ["load", "read"],
] as const) {
  const runs = all[name];
  const rate = (time: number): string => `${((rows * dim * 4) / 2 ** 20 / time).toFixed(0)} MB/s`;
  const [own, dd] = [median(runs.map((run) => run.seconds)), median([...all[disk]])];
  const extra = Math.max(...runs.map((run) => run.extra)).toFixed(0);
  const longest = Math.max(...runs.map((run) => run.longest)).toFixed(0);
  process.stdout.write(
    `${name}: ${rate(own)}, dd ${rate(dd)}: ${((100 * dd) / own).toFixed(0)} %; ${extra} MB besides the table; event loop at most ${longest} ms\n`,
  );
}
