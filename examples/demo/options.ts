/**
 * The demo's command line. A wrong flag or value throws a `UsageError` whose message is one line; `main.ts` prints it and exits
 * with code 2.
 */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";

export interface Options {
  /** A MovieLens-1M folder; undefined means the synthetic click log. */
  readonly data: string | undefined;
  readonly seed: number;
  /** Examples a batch; undefined means the data set's own default. */
  readonly batch: number | undefined;
  /** Training examples of the synthetic click log. */
  readonly examples: number;
  /** How the tables' weights are stored and rounded. */
  readonly dtype: (typeof dtypes)[number];
  readonly rounding: (typeof roundings)[number];
  /** Where the report goes. */
  readonly report: string;
  /** Where the figures go as JSON, if anywhere. */
  readonly json: string | undefined;
  readonly help: boolean;
}

const dtypes = ["f32", "f16", "bf16"] as const;
const roundings = ["nearest", "stochastic"] as const;

/** What the user typed cannot be done; the message says why, in one line. */
export class UsageError extends Error {}

export const usage = `Usage: npm run demo -- [options]

Trains a factorization machine with six optimizers, on a synthetic click log that is made in
memory or on MovieLens-1M, prints what each reached, and writes a report.

  --data DIR      train on the MovieLens-1M folder DIR (ratings.dat; users.dat, movies.dat if there)
  --seed N        seed of data, first weights and order: an integer from 0 (default 1)
  --batch N       examples a batch (default 256, with --data 1024)
  --examples N    training examples of the synthetic click log (default 300000)
  --dtype TYPE    how weights are stored: f32, f16 or bf16 (default f32)
  --rounding WAY  how f16 and bf16 are rounded: nearest or stochastic (default nearest)
  --report FILE   where to write the report (default report.html)
  --json FILE     also write the figures as JSON
  --help          show this text`;

export function parseOptions(args: readonly string[]): Options {
  const values = parseFlags(args);
  if (values.data !== undefined && values.examples !== undefined) {
    throw new UsageError("--examples is for the synthetic click log and cannot be combined with --data");
  }
  return {
    data: nonEmpty("--data", values.data),
    seed: integer("--seed", values.seed, 0, Number.MAX_SAFE_INTEGER) ?? 1,
    batch: integer("--batch", values.batch, 1, 1_000_000),
    examples: integer("--examples", values.examples, 1_000, 20_000_000) ?? 300_000,
    dtype: word("--dtype", values.dtype, dtypes) ?? "f32",
    rounding: word("--rounding", values.rounding, roundings) ?? "nearest",
    report: outputFile("--report", values.report) ?? "report.html",
    json: outputFile("--json", values.json),
    help: values.help ?? false,
  };
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        data: { type: "string" },
        seed: { type: "string" },
        batch: { type: "string" },
        examples: { type: "string" },
        dtype: { type: "string" },
        rounding: { type: "string" },
        report: { type: "string" },
        json: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    // node:util explains at length; its first sentence is the one that says what is wrong.
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(message.split(/\. |\n/, 1)[0], { cause: error });
  }
}

/** The flag's value as an integer in the range, or undefined if the flag is absent. */
function integer(flag: string, value: string | undefined, least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= least && number <= most)) {
    throw new UsageError(`${flag} must be an integer from ${least} to ${most}, not "${value}"`);
  }
  return number;
}

/** The flag's value as one of the words, or undefined if the flag is absent. */
function word<Word extends string>(flag: string, value: string | undefined, words: readonly Word[]): Word | undefined {
  if (value === undefined) return undefined;
  const found = words.find((word) => word === value);
  if (found === undefined) throw new UsageError(`${flag} must be ${words.join(" or ")}, not "${value}"`);
  return found;
}

/** Said before the training rather than after it: a file in a folder that exists. */
function outputFile(flag: string, value: string | undefined): string | undefined {
  const path = nonEmpty(flag, value);
  if (path === undefined) return undefined;
  if (!statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`${flag} must be a file in a folder that exists, not "${path}"`);
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`${flag} must be a file, not the folder "${path}"`);
  }
  return path;
}

function nonEmpty(flag: string, value: string | undefined): string | undefined {
  if (value === "") throw new UsageError(`${flag} must not be empty`);
  return value;
}
