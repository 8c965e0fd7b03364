/** The demo as a user starts it: its files, its one-line errors and its exit codes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "tallygrad-demo-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("A short run prints a line for each optimizer and writes the report and the figures", () => {
  const report = join(folder, "report.html");
  const json = join(folder, "figures.json");
  const { status, stdout, stderr } = demo("--examples", "2000", "--report", report, "--json", json);
  expect([status, stderr]).toEqual([0, ""]);
  const names = ["tallygrad", "sgd", "cf-sgd", "adagrad", "rowwise-adagrad", "adam"];
  for (const name of names) expect(stdout).toMatch(new RegExp(`^ +${name} +log-loss 0\\.\\d{5}  AUC 0\\.\\d{4}`, "m"));
  expect(stdout).toContain("Synthetic");
  expect(stdout).not.toContain("\u001b");
  expect(readFileSync(report, "utf8")).toMatch(/^<!doctype html>/);
  const figures = JSON.parse(readFileSync(json, "utf8"));
  expect(figures).toMatchObject({ fields: 26, examples: 2000 });
  expect(Object.keys(figures)).toEqual(["data", "fields", "examples", "oracle", "runs"]);
  expect(figures.runs.map(({ optimizer }: { optimizer: string }) => optimizer)).toEqual(names);
  for (const run of figures.runs) {
    expect(Object.keys(run)).toEqual([
      "optimizer",
      "lr",
      "logLoss",
      "auc",
      "examplesPerSecond",
      "stateBytesPerRow",
      "buckets",
    ]);
    expect(figures.oracle.logLoss).toBeLessThan(run.logLoss);
  }
  expect(figures.runs.map(({ stateBytesPerRow }: { stateBytesPerRow: number }) => stateBytesPerRow)).toEqual([
    4, 0, 4, 32, 4, 64,
  ]);
}, 120_000);

test("--help shows every flag and ends well", () => {
  const { status, stdout } = demo("--help");
  expect(status).toBe(0);
  for (const flag of ["--data", "--seed", "--batch", "--examples", "--report", "--json", "--help"])
    expect(stdout).toContain(flag);
});

test.each([
  { args: ["--sed", "1"], code: 2, mentions: "--sed" },
  { args: ["--seed", "x"], code: 2, mentions: "--seed must be an integer" },
  { args: ["--report", join(folder, "no", "such", "folder.html")], code: 2, mentions: "--report" },
  { args: ["--json", folder], code: 2, mentions: "--json" },
  { args: ["--data", join(folder, "nowhere")], code: 1, mentions: "nowhere: expected a MovieLens-1M folder" },
])("The wrong arguments $args get one line and code $code", ({ args, code, mentions }) => {
  const { status, stdout, stderr } = demo(...args);
  expect(status).toBe(code);
  expect(stdout).toBe("");
  expect(stderr).toContain(mentions);
  expect(stderr.trimEnd()).not.toContain("\n");
});

function demo(...args: string[]) {
  return spawnSync(process.execPath, ["--import", "tsx", "main.ts", ...args], {
    cwd: import.meta.dirname,
    encoding: "utf8",
  });
}
