/** What a run gave: a file a day in bench/records, of which bench/README.md is made. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import type { Shape } from "../workload.js";
import type { Result } from "./rounds.js";

export interface Facts {
  /** Bytes that tables on W3 hold, over those of their weights, the most of all thread counts. */
  memoryOnW3?: number;
  /** Whether hot rows gave the same bits on one and two threads. */
  sameBits?: boolean;
}

export interface Record {
  date: string;
  machine: { [what: string]: string };
  rounds: number;
  workloads: (Shape & { distinct: number })[];
  results: Result[];
  facts: Facts;
}

/** A framework's step beside a table's lookup and update, in microseconds. */
export interface Framework {
  name: string;
  version: string;
  rows: number;
  dim: number;
  count: number;
  micros: number;
  own: number;
}

/** What bench/frameworks.ts measured last. */
export interface Frameworks {
  date: string;
  machine: Record["machine"];
  results: Framework[];
}

const folder = new URL("../records/", import.meta.url);
export const frameworksFile = new URL("frameworks.json", folder);

export function lastFrameworks(): Frameworks | undefined {
  return existsSync(frameworksFile) ? JSON.parse(readFileSync(frameworksFile, "utf8")) : undefined;
}

export function machine(): Record["machine"] {
  return {
    processor: `${availableParallelism()} × ${cpus()[0]?.model.trim()}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${process.platform} ${process.arch}`,
    node: process.version,
    rustc: execFileSync("rustc", ["--version"], { encoding: "utf8" }).trim(),
  };
}

export function writeRecord(record: Record): void {
  mkdirSync(folder, { recursive: true });
  const rounded = (_: string, value: unknown): unknown =>
    typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
  writeFileSync(new URL(`${record.date}.json`, folder), `${JSON.stringify(record, rounded)}\n`);
}

/** The newest record. */
export function lastRecord(): Record {
  const file = readdirSync(folder)
    .filter((name) => /^\d.*\.json$/.test(name))
    .toSorted()
    .at(-1);
  if (file === undefined) throw new Error("bench/records is empty");
  return JSON.parse(readFileSync(new URL(file, folder), "utf8"));
}
