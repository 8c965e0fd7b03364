/** Files of other tools, damaged at random: what is read or refused is so with a code, whatever the damage. */
import { expect, test } from "vitest";
import type { Source } from "../../index.js";
import { readGlove, readNpy, readSafetensors, readWord2vec } from "../../src/formats/index.js";
import { Random, seed } from "../contract/support/random.js";
import { vectorBytes } from "./support/vectors.js";

const codes = ["ERR_FILE_FORMAT", "ERR_OPTION_VALUE", "ERR_MISSING_OPTION"];

test.each<[file: string, read: (source: Source) => Promise<{ rows: number; dim: number; weights: Float32Array }>]>([
  ["f4.npy", readNpy],
  ["version-3.npy", readNpy],
  ["bf16.safetensors", readSafetensors],
  ["model.safetensors", (source) => readSafetensors(source, { tensor: "head.weight" })],
  ["word2vec.txt", readWord2vec],
  ["word2vec.bin", (source) => readWord2vec(source, { binary: true })],
  ["glove.txt", readGlove],
])(`%s, damaged 2,000 times, gives weights or an error with a code (seed ${seed})`, async (file, read) => {
  const random = new Random(seed);
  const whole = vectorBytes(file);
  let refused = 0;
  for (let round = 0; round < 2000; round++) {
    const bytes = whole.slice(0, random.below(4) === 0 ? random.below(whole.length) : whole.length);
    for (let changes = random.below(4); changes >= 0; changes--) {
      // Headers and first lines are what matters most.
      const at = random.below(random.below(2) === 0 ? bytes.length : Math.min(bytes.length, 140));
      bytes[at] = random.below(3) === 0 ? 0x30 + random.below(10) : random.below(256);
    }
    const outcome = await read(round % 2 === 0 ? bytes : new Blob([bytes]).stream()).catch((error) => error);
    if (outcome instanceof Error) {
      expect(codes).toContain(Reflect.get(outcome, "code"));
      expect(outcome.message.length).toBeLessThan(1000);
      refused++;
    } else expect(outcome.weights).toHaveLength(outcome.rows * outcome.dim);
  }
  expect(refused).toBeGreaterThan(200);
});
