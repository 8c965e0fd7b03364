/**
 * Models beside their peers: factorization machines on two fields of MovieLens' size beside LightFM and PyTorch, 26 fields, and skip-gram beside gensim. All
 * contestants take turns; medians of the rounds. `npm run bench:models`; `--rounds 3`, `--text FILE` for another text than a made-up one.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Examples, FactorizationMachine, SkipGram } from "tallygrad/models";
import { peer, preparePeers } from "./peers/environment.js";
import { mulberry32 } from "./workload.js";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" }, text: { type: "string" } } });
const folder = fileURLToPath(new URL("../build/bench/", import.meta.url));
mkdirSync(folder, { recursive: true });

/** Ids below each size, low ones more often; labels of a planted bias. */
function examplesOf(sizes: readonly number[], count: number): Examples {
  const random = mulberry32(1);
  const columns = Object.fromEntries(
    sizes.map((size, field) => [
      `field ${field}`,
      Uint32Array.from({ length: count }, () => Math.floor(size * random() ** 3)),
    ]),
  );
  const first = columns["field 0"] ?? new Uint32Array(0);
  return { columns, labels: Uint8Array.from(first, (id) => (random() < 0.3 + 0.4 * ((id * 0.618) % 1) ? 1 : 0)) };
}

async function machineRate(
  data: Examples,
  sizes: readonly number[],
  threads: number,
  backend: "native" | "wasm",
): Promise<number> {
  const fields = Object.fromEntries(sizes.map((size, field) => [`field ${field}`, size]));
  using model = new FactorizationMachine({ fields, threads, backend });
  const history = await model.fit(data, { batchSize: 1024 });
  if (!(history.training.at(-1) as { loss: number }).loss) throw new Error("nothing was learned");
  return history.rate;
}

async function wordRate(sentences: readonly string[][], threads: number, backend: "native" | "wasm"): Promise<number> {
  using model = new SkipGram({ threads, backend });
  return (await model.fit(sentences, { epochs: 1 })).rate;
}

/** Rates by contestant, in rounds in which each has its turn. */
async function compare(
  title: string,
  unit: string,
  contestants: Readonly<Record<string, () => Promise<number> | number>>,
): Promise<void> {
  const rates = new Map(Object.keys(contestants).map((name) => [name, [] as number[]]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, run] of Object.entries(contestants)) rates.get(name)?.push(await run());
  }
  process.stdout.write(`\n${title}, million ${unit} a second\n`);
  for (const [name, all] of rates) {
    all.sort((a, b) => a - b);
    const [median = 0, least = 0, most = 0] = [all[all.length >> 1], all[0], all.at(-1)];
    process.stdout.write(
      `${name.padEnd(36)} ${(median / 1e6).toFixed(3)}   ${(least / 1e6).toFixed(3)} to ${(most / 1e6).toFixed(3)}\n`,
    );
  }
}

/** numpy's array of uint32 with three columns. */
function writeTriples({ columns, labels }: Examples): string {
  const [users, films] = Object.values(columns) as [Uint32Array, Uint32Array];
  const triples = new Uint32Array(3 * users.length);
  for (let at = 0; at < users.length; at++) triples.set([users[at] ?? 0, films[at] ?? 0, labels[at] ?? 0], 3 * at);
  const shape = `{'descr': '<u4', 'fortran_order': False, 'shape': (${users.length}, 3), }`;
  const header = `${shape.padEnd(117)}\n`;
  const file = `${folder}examples.npy`;
  writeFileSync(
    file,
    Buffer.concat([
      Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]),
      Buffer.from(header),
      Buffer.from(triples.buffer),
    ]),
  );
  return file;
}

preparePeers();
const two = [6040, 3706];
const pairs = examplesOf(two, 1_000_000);
const file = writeTriples(pairs);
const rival = (kind: string, threads: number) => () =>
  peer("factorization_machine.py", [file, `${threads}`, kind])[0] ?? Number.NaN;
await compare("Factorization machine, 2 fields, dim 16, batches of 1,024", "examples", {
  "tallygrad, 1 thread": () => machineRate(pairs, two, 1, "native"),
  "tallygrad, 2 threads": () => machineRate(pairs, two, 2, "native"),
  "tallygrad, WebAssembly": () => machineRate(pairs, two, 1, "wasm"),
  "LightFM, 2 threads": rival("lightfm", 2),
  "PyTorch SparseAdam, 2 threads": rival("sparse-adam", 2),
  "PyTorch sparse SGD, 2 threads": rival("sgd", 2),
});

const many = Array.from({ length: 26 }, (_, field) => [100, 3000, 30_000, 100_000][field % 4] ?? 100);
const wide = examplesOf(many, 400_000);
await compare("Factorization machine, 26 fields, dim 16, batches of 1,024", "examples", {
  "tallygrad, 1 thread": () => machineRate(wide, many, 1, "native"),
  "tallygrad, 2 threads": () => machineRate(wide, many, 2, "native"),
  "tallygrad, WebAssembly": () => machineRate(wide, many, 1, "wasm"),
});

const text = values.text === undefined ? madeUpText() : readFileSync(values.text, "utf8");
const sentences = text.split("\n").flatMap((line) => {
  const words = line.split(" ").filter((word) => word !== "");
  return Array.from({ length: Math.ceil(words.length / 1000) }, (_, part) =>
    words.slice(part * 1000, (part + 1) * 1000),
  );
});
const textFile = `${folder}text.txt`;
writeFileSync(textFile, sentences.map((words) => words.join(" ")).join("\n"));
await compare("Skip-gram, dim 100, window 5, 5 negatives", "words", {
  "tallygrad, 1 thread": () => wordRate(sentences, 1, "native"),
  "tallygrad, 2 threads": () => wordRate(sentences, 2, "native"),
  "tallygrad, WebAssembly": () => wordRate(sentences, 1, "wasm"),
  "gensim, 1 worker": () => peer("words.py", [textFile, "1", "1"])[0] ?? Number.NaN,
  "gensim, 2 workers": () => peer("words.py", [textFile, "2", "1"])[0] ?? Number.NaN,
});

/** Two million words by Zipf's law, twenty thousand of them different. */
function madeUpText(): string {
  const random = mulberry32(2);
  const word = (): string => `w${Math.floor(Math.exp(random() * Math.log(20_000)))}`;
  return Array.from({ length: 2000 }, () => Array.from({ length: 1000 }, word).join(" ")).join("\n");
}
