// Fills WebAssembly memory: makes tables until one is refused. Most of its 4 GiB is taken beforehand, untouched, so that it costs no real memory.
import { EmbeddingTable, kernelMemory } from "./watched.mjs";

const PAGE = 65_536;
const rows = 1 << 18;
const make = (dim) => new EmbeddingTable({ rows, dim, init: { type: "uniform" }, optimizer: { type: "sgd", lr: 0.1 } });

function refusal(call) {
  try {
    call();
  } catch ({ code, message }) {
    return { code, message };
  }
  return undefined;
}

const first = make(1);
// Refused by what is left, and by the size of a single array; the latter while there is still room.
const tooLarge = refusal(() => make(2049));
const nearlyAll = 2 ** 32 - (200 << 20);
kernelMemory().grow((nearlyAll - kernelMemory().buffer.byteLength) / PAGE);

const tables = [first];
const fingerprints = [first.fingerprint()];
let refused;
while (refused === undefined && tables.length < 100) {
  refused = refusal(() => {
    const table = make(16);
    tables.push(table);
    fingerprints.push(table.fingerprint());
  });
}
const bytes = kernelMemory().buffer.byteLength;
const kept = tables.every((table, i) => table.fingerprint() === fingerprints[i]);
const batch = refusal(() => first.update(new Uint32Array(3e7), new Float32Array(3e7)));
const stepped = first.update([1], Float32Array.of(1));
const again = refusal(() => make(16));
tables[1].dispose();
const fits = make(16).fingerprint() === fingerprints[1];
process.stdout.write(
  JSON.stringify({
    tooLarge,
    refused,
    again,
    batch,
    made: tables.length,
    bytes,
    kept,
    stepped,
    step: first.step,
    fits,
  }),
);
