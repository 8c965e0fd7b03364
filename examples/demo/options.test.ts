/** The command line: what is understood, and the one line that a wrong flag or value gets. */
import { describe, expect, test } from "vitest";
import { parseOptions, UsageError } from "./options.js";

describe("Options", () => {
  test("have defaults", () => {
    expect(parseOptions([])).toEqual({
      data: undefined,
      seed: 1,
      batch: undefined,
      dtype: "f32",
      rounding: "nearest",
      examples: 300_000,
      report: "report.html",
      json: undefined,
      help: false,
    });
  });

  test("take a value after a space or an equals sign", () => {
    expect(
      parseOptions(["--seed", "7", "--batch=64", "--data", "folder", "--json", "a.json", "--report=b.html"]),
    ).toMatchObject({ seed: 7, batch: 64, data: "folder", json: "a.json", report: "b.html" });
  });
});

test.each<[args: string[], message: RegExp]>([
  [["--sede", "1"], /--sede/],
  [["extra"], /extra/],
  [["--seed"], /--seed/],
  [["--help=yes"], /--help/],
  [["--seed", "-1"], /--seed/],
  [["--seed=-1"], /--seed must be an integer from 0 to 9007199254740991, not "-1"/],
  [["--seed", "1.5"], /--seed must be an integer .* not "1.5"/],
  [["--seed", ""], /--seed must be an integer .* not ""/],
  [["--seed", "1e3"], /--seed must be an integer .* not "1e3"/],
  [["--seed", "9007199254740992"], /--seed must be an integer/],
  [["--dtype", "f8"], /--dtype must be f32 or f16 or bf16, not "f8"/],
  [["--batch", "0"], /--batch must be an integer from 1 to 1000000, not "0"/],
  [["--examples", "ten"], /--examples must be an integer .* not "ten"/],
  [["--data", ""], /--data must not be empty/],
  [["--data", "folder", "--examples", "5000"], /--examples .* cannot be combined with --data/],
])("The wrong arguments %j get one line that names the flag", (args, message) => {
  expect(() => parseOptions(args)).toThrow(UsageError);
  expect(() => parseOptions(args)).toThrow(message);
  expect(() => parseOptions(args)).not.toThrow(/\n/);
});
