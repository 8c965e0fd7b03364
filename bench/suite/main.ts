/**
 * Runs the comparisons: updates of every rule, weights in two bytes, steps of scope "all", lookup, pooling, steps of several tables, and sweeps; then prints what is asked of
 * them. `npm run bench` shows updates beside each other, `npm run bench -- --only widths` others;
 * `npm run bench:all` runs everything, writes a record to bench/records and makes bench/README.md of it.
 *
 * Options: `--peers` (PyTorch and FBGEMM, too), `--only TEXT` (comparisons whose names begin so), `--workload NAME`, `--rounds N`, `--write`, `--page` (only make
 * the page again, of the last record).
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { EmbeddingTable } from "tallygrad";
import { pathOf, preparePeers, python } from "../peers/environment.js";
import { type Batch, batchesOf, type Shape, shapeOf } from "../workload.js";
import { type Comparison, comparisons, type Servers, sweeps } from "./comparisons.js";
import { figures } from "./figures.js";
import { optimizerOf } from "./own.js";
import { page } from "./page.js";
import { type Facts, lastRecord, machine, type Record, writeRecord } from "./record.js";
import { median, type Result, ratio, takeTurns } from "./rounds.js";
import { Server } from "./server.js";

const { values: options } = parseArgs({
  options: {
    peers: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    workload: { type: "string" },
    rounds: { type: "string", default: "9" },
    write: { type: "boolean", default: false },
    page: { type: "boolean", default: false },
  },
});
const folder = fileURLToPath(new URL("../../build/bench/", import.meta.url));

if (!options.page) await run();
if (options.write || options.page) writeFileSync(new URL("../README.md", import.meta.url), page(lastRecord()));

async function run(): Promise<void> {
  const began = performance.now();
  const servers = start();
  const record: Record = {
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    rounds: Number(options.rounds),
    workloads: [],
    results: [],
    facts: options.write ? facts() : {},
  };
  const chosen = comparisons().filter(
    ({ name, shape }) => name.startsWith(options.only) && (options.workload ?? shape.name) === shape.name,
  );
  let batches: Batch[] = [];
  for (const comparison of chosen) {
    const { shape } = comparison;
    if (record.workloads.at(-1)?.name !== shape.name) {
      batches = batchesOf(shape);
      share(shape, batches);
      record.workloads.push({ ...shape, distinct: distinct(batches) });
    }
    record.results.push(await compare(comparison, batches, servers, record.rounds));
    // What has been measured is kept, whatever becomes of the rest.
    if (options.write) writeRecord(record);
  }
  for (const server of all(servers)) server.end();
  printFigures(record);
  process.stdout.write(`\n${((performance.now() - began) / 60_000).toFixed(1)} minutes\n`);
}

function start(): Servers {
  mkdirSync(folder, { recursive: true });
  execFileSync("cargo", ["build", "--quiet", "--release", "-p", "tallygrad-bench"], { stdio: "inherit" });
  const native = new Server("cargo", [
    "run",
    "--quiet",
    "--release",
    "-p",
    "tallygrad-bench",
    "--bin",
    "contestants",
    folder,
  ]);
  if (!options.peers) return { native };
  preparePeers();
  const program = pathOf("tables.py");
  return {
    native,
    python: {
      installed: new Server(python, [program, folder]),
      global: new Server(python, [program, folder, "--global"]),
    },
  };
}

function all({ native, python }: Servers): Server[] {
  return [native, ...(python ? [python.installed, python.global] : [])];
}

/** Writes a workload's batches where other processes find them. */
function share({ name }: Shape, batches: readonly Batch[]): void {
  for (const kind of ["ids", "gradients"] as const) {
    const file = `${folder}${name}.${kind}`;
    for (const [number, batch] of batches.entries()) {
      const { buffer, byteOffset, byteLength } = batch[kind];
      writeFileSync(file, new Uint8Array(buffer, byteOffset, byteLength), { flag: number === 0 ? "w" : "a" });
    }
  }
}

function distinct(batches: readonly Batch[]): number {
  return batches.reduce((sum, { ids }) => sum + new Set(ids).size, 0) / batches.length;
}

async function compare(
  { name, shape, contestants }: Comparison,
  batches: readonly Batch[],
  servers: Servers,
  rounds: number,
): Promise<Result> {
  const start = performance.now();
  const taking = contestants(batches, servers);
  try {
    const result = { comparison: name, workload: shape.name, ...(await takeTurns(shape, batches, taking, rounds)) };
    print(result, performance.now() - start);
    return result;
  } finally {
    for (const contestant of taking) contestant.dispose();
    for (const server of all(servers)) await server.close();
  }
}

function print({ comparison, workload, timings, missing }: Result, milliseconds: number): void {
  const took = `all of it took ${(milliseconds / 1000).toFixed(1)} s`;
  process.stdout.write(`\n${comparison}, ${workload}; microseconds a step, and times the first; ${took}\n`);
  for (const timing of timings) {
    const cells = [median(timing.rounds), timing.p10, timing.p90].map((micros) => micros.toFixed(1).padStart(10));
    const beside = ratio(timing, timings[0] ?? timing).toFixed(2);
    process.stdout.write(`${timing.contestant.padEnd(32)}${cells.join("")}${beside.padStart(8)}\n`);
  }
  for (const [contestant, why] of Object.entries(missing)) process.stdout.write(`${contestant}: ${why}\n`);
}

/** Those that can be had of what was run. */
function printFigures(record: Record): void {
  const known = figures(record).filter(({ met }) => met !== undefined);
  if (known.length > 0) process.stdout.write("\nfigure: asked, measured, met\n");
  for (const { what, asked, measured = "", met } of known) {
    const cells = [asked.padStart(12), measured.padStart(12), met ? "  yes  " : "  NO   "];
    process.stdout.write(`${cells.join("")}${what.replaceAll("`", "")}\n`);
  }
}

/** What is no time. */
function facts(): Facts {
  const large = shapeOf("W3");
  const [batch] = batchesOf({ ...large, batches: 1 });
  const held = [1, 2].map((threads) => {
    using table = new EmbeddingTable({ ...sizeOf(large), optimizer: optimizerOf("cf-sgd", large.rows), threads });
    table.update(batch?.ids ?? [], batch?.gradients ?? new Float32Array(0));
    const { weights, state, tallies, scratch } = table.memory;
    return (weights + state + tallies + scratch) / weights;
  });
  const hot = sweeps().find(({ what }) => what === "hot");
  const same = (hot?.values ?? []).map((value) => bitsAgree(hot?.shape(value) ?? large));
  return { memoryOnW3: Math.max(...held), sameBits: same.every((agrees) => agrees) };
}

function sizeOf({ rows, dim }: Shape): { rows: number; dim: number } {
  return { rows, dim };
}

/** Whether one thread and two make the same table. */
function bitsAgree(shape: Shape): boolean {
  const batches = batchesOf(shape);
  const prints = [1, 2].map((threads) => {
    using table = new EmbeddingTable({ ...sizeOf(shape), optimizer: optimizerOf("cf-sgd", shape.rows), threads });
    for (const { ids, gradients } of batches) table.update(ids, gradients);
    return table.fingerprint();
  });
  return prints[0] === prints[1];
}
