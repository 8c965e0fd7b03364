/** Memory over long lives: many steps on one table, and many tables left to the garbage collector. */
import { expect, test } from "vitest";
import { runChild } from "./support/child.js";

const megabyte = 1e6;

test("20,000 steps leave the process as large as it was, but for what the engine settles into now and then", async () => {
  const result = await runChild("many-steps", { nodeOptions: ["--expose-gc"] });
  expect(result).toMatchObject({ code: 0, stderr: "", printed: { step: 82_000 } });
  const growths = result.printed.growths as number[];
  expect(Math.min(...growths)).toBeLessThan(megabyte);
}, 40_000);

test("1,000 tables of a megabyte that nobody disposes are given back on the way", async () => {
  const result = await runChild("abandoned-tables");
  expect(result).toMatchObject({ code: 0, stderr: "", printed: { made: 1000 } });
  expect(result.printed.growth).toBeLessThan(400 * megabyte);
}, 40_000);
