/**
 * Feeds mutated checkpoints to the fuzz target for as long as it is told, on both backends: `npm run soak -- --minutes 60`. What fails is written to a file, and said.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { corpus } from "./corpus.js";
import { mutation } from "./mutate.js";
import { check } from "./target.js";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, seed: { type: "string", default: `${Date.now() % 1e9}` } },
});
const [files, seed] = [corpus(), Number(values.seed)];
const end = performance.now() + 60_000 * Number(values.minutes);
let [number, loaded] = [0, 0];
process.stdout.write(`seed ${seed}\n`);
for (; performance.now() < end; number += 1) {
  const file = mutation(seed, number, files);
  for (const backend of ["native", "wasm"] as const) {
    try {
      if (await check(file, backend)) loaded += 1;
    } catch (error) {
      const path = `fuzz-${seed}-${number}.safetensors`;
      writeFileSync(path, file);
      process.stderr.write(`mutation ${number} of seed ${seed} on ${backend}, written to ${path}\n`);
      throw error;
    }
  }
}
process.stdout.write(`${number} files, ${loaded} loads that went well, no other end than the two there may be\n`);
