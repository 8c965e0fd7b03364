/**
 * `npm run bench:check`: counts the instructions of the kernel's hot paths with Valgrind and compares them with bench/instructions.json; more than 3 % more is a failure.
 * Counts are those of one compiler on one kind of machine: on others, or without Valgrind, this is skipped and says so. `--write` renews the file.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How many times as many instructions are a failure. */
const MOST = 1.03;
const file = new URL("instructions.json", import.meta.url);
const root = new URL("..", import.meta.url).pathname;
const write = process.argv.includes("--write");

/** What counts depend on besides the code. */
function machine() {
  const rustc = execFileSync("rustc", ["--version"], { encoding: "utf8" }).trim();
  const avx2 = process.platform === "linux" && /\bavx2\b/.test(readFileSync("/proc/cpuinfo", "utf8"));
  return { rustc, architecture: `${process.platform} ${process.arch}${avx2 ? " avx2" : ""}` };
}

function reasonToSkip(known, here) {
  if (spawnSync("valgrind", ["--version"]).status !== 0) return "there is no valgrind";
  for (const what of write ? [] : ["rustc", "architecture"]) {
    if (known[what] !== here[what]) return `counts are of ${known[what]}, this is ${here[what]}`;
  }
  return undefined;
}

function build() {
  const asked = ["build", "--release", "-p", "tallygrad-bench", "--bin", "instructions", "--message-format=json"];
  const output = execFileSync("cargo", asked, { encoding: "utf8", cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  const messages = output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return messages.find(({ target, executable }) => target?.name === "instructions" && executable).executable;
}

function count(program, path, folder) {
  const given = ["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=counted_steps"];
  const { status, stderr } = spawnSync(
    "valgrind",
    [...given, `--callgrind-out-file=${join(folder, "out")}`, program, path],
    {
      encoding: "utf8",
    },
  );
  const counted = Number(/Collected : (\d+)/.exec(stderr)?.[1]);
  if (status !== 0 || !(counted > 0)) throw new Error(`${path} was not counted:\n${stderr}`);
  return counted;
}

function counts(program) {
  const folder = mkdtempSync(join(tmpdir(), "tallygrad-"));
  try {
    const paths = execFileSync(program, ["--list"], { encoding: "utf8" }).trim().split("\n");
    return Object.fromEntries(paths.map((path) => [path, count(program, path, folder)]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function compare(expected, found) {
  let failed = 0;
  for (const [path, number] of Object.entries(found)) {
    const before = expected[path];
    const change =
      before === undefined ? "not in bench/instructions.json" : `${(100 * (number / before - 1)).toFixed(2)} %`;
    const good = before !== undefined && number <= MOST * before;
    if (!good) failed += 1;
    console.log(`${good ? "ok    " : "FAILED"} ${path.padEnd(28)} ${String(number).padStart(10)}  ${change}`);
  }
  console.log(`\n${Object.keys(found).length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

const known = write ? {} : JSON.parse(readFileSync(file, "utf8"));
const here = machine();
const reason = reasonToSkip(known, here);
if (reason !== undefined) {
  console.log(`SKIPPED: instructions are not counted: ${reason}\n\n0 passed, 0 failed`);
} else {
  const found = counts(build());
  if (write) writeFileSync(file, `${JSON.stringify({ ...here, counts: found }, null, 2)}\n`);
  else compare(known.counts, found);
}
