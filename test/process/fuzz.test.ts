/** A short run of what `npm run soak` does for long: mutated checkpoints are refused with a code, or are members that work. */
import { expect, test } from "vitest";
import { seed } from "../contract/support/random.js";
import { corpus } from "../fuzz/corpus.js";
import { mutation } from "../fuzz/mutate.js";
import { check } from "../fuzz/target.js";

const backend = process.env.TALLYGRAD_BACKEND === "wasm" ? "wasm" : "native";

test("the files that mutations start from are loaded", async () => {
  for (const file of corpus()) expect(await check(file, backend)).toBe(true);
});

test(`5,000 mutations of them (seed ${seed})`, async () => {
  const files = corpus();
  let loaded = 0;
  for (let number = 0; number < 5000; number += 1) {
    if (await check(mutation(seed, number, files), backend)) loaded += 1;
  }
  // Both ends are reached.
  expect(loaded).toBeGreaterThan(500);
  expect(loaded).toBeLessThan(4500);
}, 60_000);
