/** What experiments gave, a file each in bench/results/records: there the page is drawn from, and an interrupted call can go on. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const folder = new URL("records/", import.meta.url);

const fileOf = (name: string): URL => new URL(`${name}.json`, folder);

/** The record of a name, if there is one. */
export function readRecord<T>(name: string): T | undefined {
  return existsSync(fileOf(name)) ? JSON.parse(readFileSync(fileOf(name), "utf8")) : undefined;
}

export function writeRecord(name: string, record: unknown): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(fileOf(name), `${JSON.stringify(record, rounded)}\n`);
}

/** What is recorded already, or is made now. */
export async function recorded<T>(name: string, make: () => T | Promise<T>): Promise<T> {
  const known = readRecord<T>(name);
  if (known !== undefined) return known;
  const made = await make();
  writeRecord(name, made);
  return made;
}

export function recordNames(): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((file) => file.replace(/\.json$/, ""));
}

/** Removes all records whose names begin so. */
export function forget(beginning: string): void {
  for (const name of recordNames()) if (name.startsWith(beginning)) rmSync(fileOf(name));
}

/** Nobody reads more than seven digits. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value;
}
