// Replaces a file again and again with versions whose every byte can be checked, and prints the number of each when it is in place. The arguments: src/files bundled, the
// file, the number of the first version.
import { writeSync } from "node:fs";

const [bundle, path, first] = process.argv.slice(2);
const { writeTo } = await import(bundle);

/** Version n is 5 to 11 chunks that hold n throughout, as uint32. */
async function* chunksOf(version) {
  for (let chunk = 0; chunk < 5 + (version % 7); chunk++) {
    yield new Uint8Array(new Uint32Array(2500).fill(version).buffer);
  }
}

writeSync(1, "begin\n");
for (let version = Number(first); ; version++) {
  await writeTo(path, chunksOf(version));
  writeSync(1, `${version}\n`);
}
