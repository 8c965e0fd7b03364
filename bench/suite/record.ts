/** What a run gave: a file a day in bench/records, of which bench/README.md is made. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
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

const folder = new URL("../records/", import.meta.url);

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
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .at(-1);
  if (file === undefined) throw new Error("bench/records is empty");
  return JSON.parse(readFileSync(new URL(file, folder), "utf8"));
}
