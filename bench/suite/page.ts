/** bench/README.md, made of a record. */
import * as Plot from "@observablehq/plot";
import { spread } from "../../src/compare/report/spread.js";
import { writeChart } from "../charts.js";
import { RULES, sweeps } from "./comparisons.js";
import { figures } from "./figures.js";
import { besideBare, besideNative } from "./figures-alone.js";
import { type Figure, Measured } from "./measured.js";
import type { Rule } from "./own.js";
import { type Frameworks, lastFrameworks, type Record } from "./record.js";
import { median, type Result, ratio, type Timing } from "./rounds.js";

const charts = new URL("../charts/", import.meta.url);

export function page(record: Record): string {
  const sections = record.results.filter(({ comparison }) => !comparison.startsWith("sweep")).map(comparisonTable);
  const beginning = [intro(record), figureTable(figures(record)), ruleTable(new Measured(record)), overview(record)];
  const parts = [...beginning, ...sections, ...swept(record), frameworkTable(lastFrameworks())];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function intro({ date, machine, rounds, workloads, results }: Record): string {
  const shapes = [...new Map(workloads.map((shape) => [shape.name, shape])).values()]
    .filter(({ name }) => !name.includes("="))
    .map((shape) => {
      const { name, rows, dim, count, zipf, tables = 1, distinct } = shape;
      return [name, tables, rows, dim, count, zipf, Math.round(distinct)].join(" | ");
    });
  const peers = results.some(({ timings }) => timings.some(({ contestant }) => /^(PyTorch|FBGEMM)/.test(contestant)));
  return `# Benchmarks

Made by \`npm run bench:all${peers ? " -- --peers" : ""}\` on ${date}: ${Object.entries(machine)
    .map(([what, value]) => `${what} ${value}`)
    .join("; ")}.
[records](records) has what was measured. How models learn is in [docs/results.md](../docs/results.md), \`npm run bench:models\` times their epochs,
and \`npm run bench:check\` counts instructions.

## Method

- All contestants of a table ran in one interleaved run: each takes some steps, then the next, for ${rounds} rounds after one that does not count. Times are medians
  of the rounds' medians; ratios are medians, over rounds, of the ratios within a round. p10 and p90 are of all steps.
- Several batches take turns, so that nothing is learned by heart. All contestants, in whatever language, get the same ids and gradients.
- Answers are checked first: tables of tallygrad must agree to the bit with each other and nearly with the loop in JavaScript, native loops with the kernel, peers with a
  loop in NumPy.
- tallygrad is timed through its facade, arguments checked. \`reject\` checks all gradients before anything is written, \`skip\` leaves out rows whose gradient is
  not finite; no other contestant looks.
- PyTorch 2.9.1: making the sparse gradient and \`optimizer.step()\`. Lookup both with and without an output array; the faster counts.
- FBGEMM 1.4.2 on CPU: the backward pass, which is the update. It is measured without pooling and with bags of one id, as installed and with libtorch loaded with
  RTLD_GLOBAL (without which its JIT kernels are not found); the fastest counts; on W3, whose tables have 2 GB, there is one way of each. On CPU, \`COUNTER_SGD\` computes what row-wise Adagrad does: it is timed for what it
  does there.
- The native loop works an occurrence at a time, with AVX2 where there is one, without checks or prefetch, on huge pages like the kernel. \`kernel alone\` is the kernel without JavaScript, with \`reject\`.
- The bare loop is what no step of a rule can do without: each distinct row's gradients are added up, and its weights, state and tally read and written. Which occurrences
  belong together is known beforehand. It computes nothing, and nothing is prefetched.
- Not every rule has a peer: PyTorch's RMSprop, Adam and AdamW take no sparse gradients, and its momentum moves every row that was ever seen; FBGEMM has SGD, Adagrad and row-wise
  Adagrad on CPU.
- \`scope\` compares steps that visit their batch's rows with steps that visit all, on 100,000 rows and on a million, where the same gradients go to rows ten times as far apart.
- Memory's limit is the time to read, change and write as many rows at random places of a table of that size as the batch has distinct ones, with prefetch on huge pages, and to read
  its gradients once in a stream, on pages of 4 KiB like those that arrays in Node and NumPy have, or on huge ones. It is measured in turns with the others; \`bench/limit\` (\`cargo run --release -p tallygrad-bench --bin limit\`) prints rates by itself.

| workload | tables | rows | dim | ids | Zipf | distinct ids |
| --- | --- | --- | --- | --- | --- | --- |
${shapes.map((row) => `| ${row} |`).join("\n")}`;
}

function figureTable(all: readonly Figure[]): string {
  const rows = all.map(
    ({ what, asked, measured, met, allowed = "" }) =>
      `| ${what} | ${asked} | ${measured ?? "not measured"} | ${met === undefined ? "" : met ? "yes" : "**no**"} | ${allowed} |`,
  );
  const known = all.filter(({ met }) => met !== undefined);
  const count = `${known.filter(({ met }) => met).length} of ${known.length} that were measured are met.`;
  return `## What was asked, and what came of it

\`cf-sgd\` and other rules with \`nonFinite: "skip"\` unless the row says something else. ${count} The last column has what would be measured if a step took no
longer than this machine's memory takes for the same rows and gradients.

| figure | asked | measured | met | memory allows |
| --- | --- | --- | --- | --- |
${rows.join("\n")}`;
}

/** Every rule beside what it cannot do without, and WebAssembly beside native. */
function ruleTable(measured: Measured): string {
  const columns = [...besideBare(measured), ...besideNative(measured)];
  const rows = RULES.filter((rule) => columns.some(({ of }) => of(rule) !== undefined));
  if (rows.length === 0) return "";
  const cells = (rule: Rule): string => columns.map(({ of }) => of(rule)?.toFixed(2) ?? "").join(" | ");
  return `## Every rule

How many times as long as a bare loop a step takes, and WebAssembly as native on one thread.

| | ${columns.map(({ what }) => what).join(" | ")} |
| --- | ${columns.map(() => "---").join(" | ")} |
${rows.map((rule) => `| ${rule} | ${cells(rule)} |`).join("\n")}`;
}

/** Microseconds, with as many digits as mean something. */
const micros = (time: number): string => (time < 100 ? time.toFixed(1) : time.toFixed(0));

function comparisonTable({ comparison, workload, timings, missing }: Result): string {
  const [first] = timings;
  const rows = timings.map((timing) => {
    const cells = [median(timing.rounds), timing.p10, timing.p90].map(micros);
    return `| ${timing.contestant} | ${cells.join(" | ")} | ${first ? ratio(timing, first).toFixed(2) : ""} |`;
  });
  const absent = Object.entries(missing).map(([name, why]) => `\nNot measured: ${name} (${why}).`);
  return `## ${comparison}, ${workload}

| | µs a step | p10 | p90 | × ${first?.contestant} |
| --- | --- | --- | --- | --- |
${rows.join("\n")}${absent.join("")}`;
}

/** Colour of a contestant's family. */
function colorOf(contestant: string): string {
  if (contestant.startsWith("tallygrad")) return "var(--tallygrad)";
  if (contestant.startsWith("PyTorch")) return "var(--adam)";
  if (contestant.startsWith("FBGEMM")) return "var(--adagrad)";
  return contestant.startsWith("memory") ? "var(--cf-sgd)" : "var(--sgd)";
}

/** Updates of W1 by rule: how many times as long peers take. */
function overview(record: Record): string {
  const measured = new Measured(record);
  const rules = ["tallygrad", "sgd", "cf-sgd", "adagrad", "rowwise-adagrad", "adam"];
  const bars = rules.flatMap((rule) => {
    const comparison = `update ${rule}`;
    const own = measured.timing(comparison, "W1", "tallygrad skip 1t");
    const others = ["PyTorch", "FBGEMM", "JavaScript"].map((library) =>
      library === "JavaScript"
        ? measured.timing(comparison, "W1", library)
        : measured.best(comparison, "W1", library, 1),
    );
    return [own, ...others]
      .filter((timing) => timing !== undefined)
      .map((timing) => ({
        rule,
        contestant: timing.contestant.split(/[ ,]/)[0] ?? "",
        ms: median(timing.rounds) / 1000,
      }));
  });
  if (bars.length === 0) return "";
  const alternative = "milliseconds of an update on W1, one thread, by rule and library";
  writeChart(charts, "w1", {
    title: alternative,
    draw: () => ({
      height: 90 * rules.length,
      marginLeft: 90,
      marginRight: 120,
      marginBottom: 45,
      x: { label: "milliseconds a step, W1, one thread", labelOffset: 40, grid: true, insetRight: 40 },
      y: { label: null },
      fy: { label: null, domain: rules },
      marks: [
        Plot.barX(bars, { x: "ms", y: "contestant", fy: "rule", fill: (bar) => colorOf(bar.contestant) }),
        Plot.text(bars, {
          x: "ms",
          y: "contestant",
          fy: "rule",
          text: (bar) => bar.ms.toFixed(1),
          textAnchor: "start",
          dx: 4,
          fill: "var(--ink)",
        }),
      ],
    }),
  });
  return `![${alternative}](charts/w1.svg)`;
}

/** Frameworks for JavaScript, which are measured by themselves. */
function frameworkTable(measured: Frameworks | undefined): string {
  if (measured === undefined) return "";
  const rows = measured.results.map(({ name, version, rows, dim, count, micros, own }) => {
    const sizes = `${count} ids, ${rows} rows of ${dim}`;
    return `| ${name} ${version} | ${sizes} | ${micros.toFixed(0)} | ${own.toFixed(0)} |`;
  });
  return `## Frameworks for JavaScript

\`npm run bench:frameworks\` on ${measured.date}, ${measured.machine.processor}: a step of SGD on an embedding that is a dense variable, its gradient included, beside \`lookup\`
and \`update\` of a table, which then has the same weights.

| | | µs a step | tallygrad |
| --- | --- | --- | --- |
${rows.join("\n")}`;
}

/** The sweeps that were run, a table and a chart each. */
function swept(record: Record): string[] {
  const measured = new Measured(record);
  return sweeps().flatMap(({ what, values, shape }) => {
    const lines = values.flatMap((value) => pointsOf(measured, what, value, shape(value).count));
    if (lines.length === 0) return [];
    return [`## Sweep over ${what}\n\n${sweepTable(values, lines)}\n\n${sweepChart(what, lines)}`];
  });
}

interface Point {
  value: number;
  contestant: string;
  /** Nanoseconds an occurrence. */
  time: number;
}

function pointsOf(measured: Measured, what: string, value: number, count: number): Point[] {
  const workload = `${what}=${value}`;
  const timings = measured.timings("sweep cf-sgd", workload).filter(({ contestant }) => !contestant.includes("limit"));
  if (timings.length === 0) return [];
  const point = (contestant: string, time: number): Point => ({ value, contestant, time: (1000 * time) / count });
  const limit = ([1, 2] as const).map((threads) =>
    point(`memory's limit ${threads}t`, measured.limit("sweep cf-sgd", workload, threads)),
  );
  return [...timings.map(({ contestant, rounds }: Timing) => point(contestant, median(rounds))), ...limit];
}

function sweepTable(values: readonly number[], points: readonly Point[]): string {
  const names = [...new Set(points.map(({ contestant }) => contestant))];
  const cell = (name: string, value: number): string =>
    points.find((point) => point.contestant === name && point.value === value)?.time.toFixed(1) ?? "";
  const rows = names.map((name) => `| ${name} | ${values.map((value) => cell(name, value)).join(" | ")} |`);
  return `Nanoseconds an occurrence, \`cf-sgd\`; everything else as in W1.

| | ${values.join(" | ")} |
| --- | ${values.map(() => "---").join(" | ")} |
${rows.join("\n")}`;
}

function sweepChart(what: string, points: readonly Point[]): string {
  const alternative = `nanoseconds an occurrence by ${what}`;
  writeChart(charts, `sweep-${what}`, {
    title: alternative,
    draw: () => ({
      height: HEIGHT,
      marginLeft: 60,
      marginRight: 150,
      // Values of N, dim and rows are as far apart as on a logarithmic axis, but with all their names.
      x: {
        type: "point",
        label: what,
        labelAnchor: "right",
        tickFormat: (value: number) => value.toLocaleString("en"),
      },
      y: { label: "nanoseconds an occurrence", grid: true, zero: true },
      marks: [
        ...["1t", "2t"].map((threads) =>
          Plot.line(
            points.filter(({ contestant }) => contestant.endsWith(threads)),
            {
              x: "value",
              y: "time",
              z: "contestant",
              stroke: (point: Point) => colorOf(point.contestant),
              strokeDasharray: threads === "2t" ? "5 3" : "none",
            },
          ),
        ),
        Plot.text(lineEnds(points), { x: "value", y: "time", text: "contestant", textAnchor: "start", dx: 5 }),
      ],
    }),
  });
  return `![${alternative}](charts/sweep-${what}.svg)`;
}

/** Pixels of a sweep's chart, of what is above and below its lines, and of a line of text. */
const [HEIGHT, MARGINS, LINE] = [300, 50, 14];

/** The last point of each contestant, at a height where its name covers no other. */
function lineEnds(points: readonly Point[]): Point[] {
  const ends = [...new Map(points.map((point) => [point.contestant, point])).values()];
  const most = Math.max(...points.map(({ time }) => time));
  const heights = spread(
    ends.map(({ time }) => time),
    (LINE * most) / (HEIGHT - MARGINS),
  );
  return ends.map((end, index) => ({ ...end, time: heights[index] ?? end.time }));
}
