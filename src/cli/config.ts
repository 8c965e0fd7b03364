/** `--config FILE`: flags out of a JSON file. They come before those that are typed, which therefore win. */
import { readFileSync } from "node:fs";
import { UsageError } from "./exit.js";

/** Arguments with the flags of the file in the place of `--config FILE`. */
export function withConfig(args: readonly string[]): string[] {
  const at = args.findIndex((arg) => arg === "--config" || arg.startsWith("--config="));
  if (at === -1) return [...args];
  const [flag = "", after] = args.slice(at, at + 2);
  const inside = flag.startsWith("--config=");
  const file = inside ? flag.slice("--config=".length) : after;
  if (file === undefined || file === "") throw new UsageError("--config needs a file");
  const [command = "", ...others] = [...args.slice(0, at), ...args.slice(at + (inside ? 1 : 2))];
  return [command, ...flagsOf(file, read(file)), ...others];
}

function read(file: string): unknown {
  const text = readFileSync(file, "utf8");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${(error as Error).message}`);
  }
}

/** `{ batchSize: 256, numeric: ["price"], bags: { tags: "|" }, quotes: false }` as flags. */
function flagsOf(file: string, config: unknown): string[] {
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new UsageError(`${file} must hold an object, such as {"label": "click"}`);
  }
  return Object.entries(config).flatMap(([name, value]) => {
    const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (value === true) return [`--${flag}`];
    if (value === false) return [`--no-${flag}`];
    return textsOf(value).map((text) => `--${flag}=${text}`);
  });
}

function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value !== "object" || value === null) return [String(value)];
  // An optimizer is itself JSON; what else is an object has a text for each name.
  if ("type" in value) return [JSON.stringify(value)];
  return Object.entries(value).map(([name, text]) => `${name}=${text}`);
}
