/** Skip-gram on public-domain books, judged by people's opinions of which words are alike. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { SkipGram } from "tallygrad/models";
import type { Contestant } from "../../src/compare/contestants.js";
import type { Run, Setting } from "../../src/compare/study.js";

const SEEDS = [1, 2, 3];
const EPOCHS = 3;
/** Longer lines are cut, as gensim does it. */
const MOST_WORDS = 10_000;
export const batchSizes = [32, 128, 512, 1024, 4096];

/** What is judged: pairs of words, and how alike people find them. */
interface Judgements {
  name: string;
  pairs: [one: string, other: string, score: number][];
}

const rules: readonly Contestant[] = [
  { name: "tallygrad", start: 0.1, standard: 0.1, optimizer: (lr) => ({ type: "tallygrad", lr }) },
  {
    name: "cf-sgd, normalised, capped",
    start: 0.2,
    optimizer: (lr) => ({ type: "cf-sgd", lr, maxLr: lr / 20, normalize: true }),
  },
  { name: "cf-sgd, capped", start: 1, optimizer: (lr) => ({ type: "cf-sgd", lr, maxLr: lr / 40 }) },
  { name: "sgd", start: 0.025, optimizer: (lr) => ({ type: "sgd", lr }) },
  { name: "adagrad", start: 0.1, standard: 0.01, optimizer: (lr) => ({ type: "adagrad", lr }) },
  { name: "adam", start: 0.001, standard: 0.001, optimizer: (lr) => ({ type: "adam", lr }) },
];

/** Settings (c): all rules, and the house rule at other batch sizes. */
export function wordSettings(folder: string): Setting[] {
  const sentences = readBooks(join(folder, "text", "books-pd.txt.gz"));
  const judgements = [
    { name: "WordSim-353", pairs: readPairs(join(folder, "wordsim", "wordsim353.tsv"), 2) },
    { name: "SimLex-999", pairs: readPairs(join(folder, "wordsim", "simlex999.txt"), 2) },
  ];
  const setting = (name: string, contestants: readonly Contestant[], batchWords: number): Setting => ({
    name,
    seeds: SEEDS,
    contestants,
    run: (contestant, rate, seed) => runSkipGram(sentences, judgements, contestant, rate, seed, batchWords),
  });
  const house = rules.filter(({ name }) => name === "tallygrad");
  return [
    setting("words", rules, 1024),
    ...batchSizes.filter((size) => size !== 1024).map((size) => setting(`words-${size}`, house, size)),
  ];
}

async function runSkipGram(
  sentences: readonly string[][],
  judgements: readonly Judgements[],
  contestant: Contestant,
  rate: number,
  seed: number,
  batchWords: number,
): Promise<Run> {
  const optimizer = contestant.optimizer(rate, { steps: Number.NaN, expectedCounts: () => new Float64Array(0) });
  using model = new SkipGram({ optimizer, seed, batchWords });
  try {
    const { rate: speed, training } = await model.fit(sentences, { epochs: EPOCHS });
    const scores = judgements.map(({ name, pairs }) => [name, agreement(model, pairs)] as const);
    const [[, first]] = scores as [readonly [string, number]];
    return {
      validation: -first,
      test: Object.fromEntries(scores),
      curve: training.map(({ words, loss }) => ({ at: words, loss })),
      speed,
      stateBytes: model.vectors.memory.state / model.vectors.rows,
    };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_NON_FINITE")) throw error;
    const test = Object.fromEntries(judgements.map(({ name }) => [name, Number.NaN]));
    return { validation: Number.POSITIVE_INFINITY, test, curve: [], speed: Number.NaN, stateBytes: Number.NaN };
  }
}

/** Spearman's correlation of similarities with people's scores, over the pairs whose words are both known. */
function agreement(model: SkipGram, pairs: Judgements["pairs"]): number {
  const known = pairs
    .map(([one, other, score]) => ({ similarity: model.similarity(one, other), score }))
    .filter(({ similarity }) => !Number.isNaN(similarity));
  return correlation(ranks(known.map(({ similarity }) => similarity)), ranks(known.map(({ score }) => score)));
}

/** Ranks, of equals the mean. */
export function ranks(numbers: readonly number[]): number[] {
  const order = Array.from(numbers.keys()).sort((a, b) => (numbers[a] ?? 0) - (numbers[b] ?? 0));
  const result = new Array<number>(numbers.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && numbers[order[to] ?? 0] === numbers[order[from] ?? 0]) to += 1;
    for (let at = from; at < to; at++) result[order[at] ?? 0] = (from + to - 1) / 2;
    from = to;
  }
  return result;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (numbers: readonly number[]): number =>
    numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [product, squaresA, squaresB] = [0, 0, 0];
  for (const [at, value] of a.entries()) {
    const [x, y] = [value - meanA, (b[at] ?? 0) - meanB];
    product += x * y;
    squaresA += x * x;
    squaresB += y * y;
  }
  return product / Math.sqrt(squaresA * squaresB);
}

function readBooks(file: string): string[][] {
  const lines = gunzipSync(readFileSync(file)).toString("utf8").split("\n");
  return lines.flatMap((line) => {
    const words = line.split(" ").filter((word) => word !== "");
    return Array.from({ length: Math.ceil(words.length / MOST_WORDS) }, (_, part) =>
      words.slice(part * MOST_WORDS, (part + 1) * MOST_WORDS),
    );
  });
}

function readPairs(file: string, column: number): Judgements["pairs"] {
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const fields = line.split("\t");
    return [(fields[0] ?? "").toLowerCase(), (fields[1] ?? "").toLowerCase(), Number(fields[column])];
  });
}
