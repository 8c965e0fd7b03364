/**
 * `npm run bench`: times `update` through the facade, every rule, thread count, backend and mode, beside a typed-array loop and the same
 * kernel without JavaScript. Before anything is timed the contestants must agree on the answer. Contestants take turns of some steps, so that a machine
 * whose speed drifts treats all alike; medians and ratios are to be quoted, single times are not.
 *
 * Options: `--shape NAME`, `--rule NAME` (default: all), `--rounds N`, `--json FILE`.
 */

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { EmbeddingTable, type Optimizer, type TableOptions } from "tallygrad";
import { Bench } from "tinybench";
import { plainTable } from "./plain.js";
import { type Batch, batchesOf, SHAPES, type Shape } from "./workload.js";

const LR = 0.01;
/** Milliseconds between two calls of a training loop that does something else as well. */
const PAUSE = 1;

/** What runs a step. */
const WAYS: readonly { name: string; options: Partial<TableOptions> }[] = [
  { name: "1t", options: { backend: "native", threads: 1 } },
  { name: "2t", options: { backend: "native", threads: 2 } },
  { name: "wasm", options: { backend: "wasm" } },
];

interface Contestant {
  name: string;
  step(batch: Batch): void;
  /** What it steps, if that is a table of the kernel. */
  table?: EmbeddingTable;
  /** Pauses before each step, so that the pool's threads have gone to sleep. */
  pause?: boolean;
}

interface Timing {
  shape: string;
  name: string;
  /** Microseconds a step. */
  median: number;
  p10: number;
  p90: number;
}

const { values: options } = parseArgs({
  options: {
    shape: { type: "string" },
    rule: { type: "string" },
    rounds: { type: "string" },
    json: { type: "string" },
  },
});

const shapes = SHAPES.filter((shape) => options.shape === undefined || shape.name === options.shape);
const timings: Timing[] = [];
process.stdout.write(`${cpus()[0]?.model}, ${availableParallelism()} threads, Node ${process.version}\n`);
for (const shape of shapes) {
  const batches = batchesOf(shape);
  checkAnswers(shape, batches);
  const { name, rows, dim, count, zipf } = shape;
  process.stdout.write(`\n${name}: ${rows} x ${dim}, ${count} ids, Zipf ${zipf}; microseconds a step\n`);
  process.stdout.write(
    `${"".padEnd(40)}${["median", "p10", "p90", "x loop", "/ 1t"].map((h) => h.padStart(10)).join("")}\n`,
  );
  for (const optimizer of rules(shape)) {
    if (options.rule !== undefined && options.rule !== optimizer.type) continue;
    const all = contestants(shape, optimizer);
    const inJavaScript = await time(shape, all, batches, Number(options.rounds ?? 6));
    for (const { table } of all) table?.dispose();
    const measured = [...inJavaScript, ...withoutJavaScript(shape, optimizer)];
    print(measured);
    timings.push(...measured);
  }
}
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(timings, null, 2)}\n`);

function rules(shape: Shape): Optimizer[] {
  return [
    { type: "tallygrad", lr: LR },
    { type: "sgd", lr: LR },
    { type: "fa-sgd", lr: LR, expectedCounts: new Float64Array(shape.rows).fill(5) },
    { type: "cf-sgd", lr: LR },
    { type: "adagrad", lr: LR },
    { type: "rowwise-adagrad", lr: LR },
    { type: "adam", lr: LR },
  ];
}

function table(shape: Shape, optimizer: Optimizer, more: Partial<TableOptions>): EmbeddingTable {
  return new EmbeddingTable({ rows: shape.rows, dim: shape.dim, init: { type: "zeros" }, optimizer, ...more });
}

/** Every way to run a rule gives the same bits, and `cf-sgd` the plain loop's answer up to its roundings. */
function checkAnswers(shape: Shape, batches: Batch[]): void {
  for (const optimizer of rules(shape)) {
    const ways: Partial<TableOptions>[] = [
      ...WAYS.map(({ options }) => options),
      { threads: 1, nonFinite: "skip" as const },
    ];
    const prints = ways.map((way) => {
      using contestant = table(shape, optimizer, way);
      for (const { ids, gradients } of batches.slice(0, 2)) contestant.update(ids, gradients);
      return contestant.fingerprint();
    });
    if (new Set(prints).size > 1) throw new Error(`${optimizer.type} on ${shape.name} depends on how it is run`);
  }
  const plain = plainTable(shape, LR);
  using kernel = table(shape, { type: "cf-sgd", lr: LR }, {});
  const all = Uint32Array.from({ length: shape.rows }, (_, row) => row);
  for (const batch of batches) {
    plain.step(batch);
    kernel.update(batch.ids, batch.gradients);
  }
  const worst = kernel.lookup(all).reduce((most, w, at) => Math.max(most, Math.abs(w - (plain.weights[at] ?? 0))), 0);
  if (!(worst < 1e-4)) throw new Error(`the plain loop and the kernel differ by ${worst} on ${shape.name}`);
}

/** The ways to run a rule, beside the loop. */
function contestants(shape: Shape, optimizer: Optimizer): Contestant[] {
  const all: Contestant[] = [{ name: "typed-array loop, cf-sgd", step: plainTable(shape, LR).step }];
  for (const way of WAYS) {
    for (const nonFinite of ["reject", "skip", "allow"] as const) {
      const stepped = table(shape, optimizer, { ...way.options, nonFinite });
      const step = ({ ids, gradients }: Batch): void => void stepped.update(ids, gradients);
      const name = `${optimizer.type} ${nonFinite} ${way.name}`;
      all.push({ name, step, table: stepped }, { name: `${name}, pauses`, step, pause: true });
    }
  }
  return all;
}

/** Times the contestants in turn, some steps a turn; the first turn of each only touches pages and fills caches. */
async function time(shape: Shape, all: Contestant[], batches: Batch[], rounds: number): Promise<Timing[]> {
  const samples = new Map(all.map(({ name }) => [name, [] as number[]]));
  const bench = new Bench({ iterations: shape.stepsATurn, time: 0, warmup: false, retainSamples: true });
  const quiet = new Int32Array(new SharedArrayBuffer(4));
  for (const { name, step, pause } of all) {
    let number = 0;
    const beforeEach = () => {
      if (pause) Atomics.wait(quiet, 0, 0, PAUSE);
    };
    bench.add(name, () => step(batches[number++ % batches.length] as Batch), { beforeEach });
  }
  for (let round = 0; round <= rounds; round++) {
    await bench.run();
    for (const task of bench.tasks) {
      if (task.result.state !== "completed") throw new Error(`${task.name}: ${task.result.state}`);
      if (round > 0) samples.get(task.name)?.push(...(task.result.latency.samples ?? []).map((ms) => ms * 1000));
      task.reset();
    }
  }
  return all.map(({ name }) => ({ shape: shape.name, name, ...quantiles(samples.get(name) ?? []) }));
}

function quantiles(samples: number[]): Pick<Timing, "median" | "p10" | "p90"> {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (q: number): number => sorted[Math.round((sorted.length - 1) * q)] ?? Number.NaN;
  return { median: at(0.5), p10: at(0.1), p90: at(0.9) };
}

/** The native bench of the same shape and rule, in its own process. */
function withoutJavaScript(shape: Shape, { type }: Optimizer): Timing[] {
  const bench = ["--json", "--shape", shape.name, "--rule", type];
  const args = ["run", "--quiet", "--release", "-p", "tallygrad-bench", "--", ...bench];
  const lines = execFileSync("cargo", args, { encoding: "utf8" }).trim().split("\n");
  return lines.map((line) => {
    const timing: Timing = JSON.parse(line);
    return { ...timing, name: `native: ${timing.name}` };
  });
}

/** Each time beside the loop's and beside one native thread's in the same mode, where there is one. */
function print(measured: Timing[]): void {
  const loop = measured[0]?.median ?? Number.NaN;
  for (const { name, median, p10, p90 } of measured) {
    const inOneThread = name.replace(/ (2t|wasm)/, " 1t");
    const oneThread = measured.find((other) => other.name === inOneThread && inOneThread !== name)?.median;
    const ratios = [loop / median, oneThread === undefined ? undefined : median / oneThread];
    const cells = [
      ...[median, p10, p90].map((micros) => micros.toFixed(1)),
      ...ratios.map((ratio) => ratio?.toFixed(2) ?? ""),
    ];
    process.stdout.write(`${name.padEnd(40)}${cells.map((cell) => cell.padStart(10)).join("")}\n`);
  }
}
