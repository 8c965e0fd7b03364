/** docs/results.md, made of what the experiments gave. */
import * as Plot from "@observablehq/plot";
import { countText, figureNames, figureText, ranking, rateText } from "../../src/compare/ranking.js";
import type { Panel } from "../../src/compare/report/chart.js";
import { countPanel, curvePanel, ratePanel } from "../../src/compare/report/panels.js";
import { type Accumulated, accumulatorsPanel } from "../../src/compare/report/row-panels.js";
import { type Study, spreadOf } from "../../src/compare/study.js";
import { drawn, figure } from "./figure.js";
import type { RowResult } from "./theory.js";
import { verdict } from "./verdict.js";

export interface Results {
  studies: readonly Study[];
  /** By setting, the loss of the model that made the labels, averaged over seeds. */
  oracle: number | undefined;
  theory: readonly { name: string; rows: readonly RowResult[] }[];
  accumulators: readonly Accumulated[];
  date: string;
}

/** Why an adaptive rule may be ahead on the click log. */
const WEIGHTS_APART =
  "Adagrad knows what each weight's gradients were like, at 32 bytes a row; a count stands in for that only in part ([below](#what-adagrad-remembers)).";

/** What readers are told of each study; `why` if no frequency-aware rule wins. */
const STUDIES: Readonly<Record<string, { title: string; text: string; why?: string }>> = {
  "movielens-ids": {
    title: "MovieLens-1M, user and film",
    text: "A factorization machine of 16 floats a vector. Label: 4 stars or more. Random shares of 80, 10 and 10 %; batches of 1,024, at most ten epochs, validated every half epoch, stopped when two epochs brought nothing better, tested where validation was best.",
  },
  "movielens-wide": {
    title: "MovieLens-1M, user and film, from wide first vectors",
    text: "The same from first vectors with a standard deviation of 0.05 instead of 0.01. Everyone does worse, SGD most.",
  },
  "movielens-all": {
    title: "MovieLens-1M, all features",
    text: "The same with gender, age, occupation, zip code and genres (a bag, averaged).",
  },
  "movielens-deepfm": {
    title: "MovieLens-1M, DeepFM",
    text: "All features, 7 × 16 → 64 → 32 → 1 beside the machine; the layers learn by Adam at 0.001 whatever the contestant; at most four epochs.",
    why: "Row-wise Adagrad has one number a row as well, but one that knows how large gradients were; the difference is a twentieth of what another split makes.",
  },
  "click-log-256": {
    title: "Synthetic click log, batches of 256",
    text: "26 fields, 771 thousand ids, 1.5 million examples in one pass, labels of a planted factorization machine with noise; 8 floats a vector. Rates are chosen on 100,000 examples and tested on 100,000 others. Each seed is another planted model.",
    why: WEIGHTS_APART,
  },
  "click-log-2048": {
    title: "Synthetic click log, batches of 2,048",
    text: "The same.",
    why: WEIGHTS_APART,
  },
  "click-log-16384": { title: "Synthetic click log, batches of 16,384", text: "The same: 92 steps in all." },
  "click-log-deepfm": {
    title: "Synthetic click log, DeepFM",
    text: "26 × 8 → 64 → 32 → 1 beside the machine, batches of 1,024, one pass.",
    why: WEIGHTS_APART,
  },
  words: {
    title: "Skip-gram",
    text: "4.84 million words of public-domain books, three epochs; window 5, 5 negatives, 100 floats, words that occur 5 times or more, subsampling 1e-3, steps of 1,024 words. Judged by Spearman's correlation with WordSim-353 (by which rates are chosen as well, for every contestant alike) and SimLex-999.",
    why: "By WordSim-353 they are as good as each other: its 353 pairs place a model no better than the spread shows. By SimLex-999 Adagrad is behind all others that were tuned.",
  },
};

export function page(results: Results): string {
  return [
    intro(results),
    ...Object.keys(STUDIES).flatMap((name) =>
      results.studies.filter(({ setting }) => setting === name).flatMap(section),
    ),
    wordBatches(results.studies),
    theory(results),
    accumulated(results),
  ]
    .filter((part) => part !== "")
    .join("\n\n")
    .concat("\n");
}

function intro({ date, oracle }: Results): string {
  const planted =
    oracle === undefined
      ? ""
      : ` On the click log, the model that made the labels has a log-loss of ${oracle.toFixed(4)}.`;
  return `# Results

Every figure here is made by \`npm run results -- --data DIR\`, where \`DIR\` has MovieLens-1M in \`ml-1m\`, \`text/books-pd.txt.gz\` and \`wordsim/\`; none of these
data are part of this repository. Without \`--data\` only the synthetic click log and the theory are made. Last made on ${date}.

How to read the tables: each contestant ran with three seeds, at its default rate if it has one and at the rate that was best in a search with the first seed
(factors of 2, then of √2; *an edge* where the best was the lowest or highest that was tried); *given* is the default. Numbers are means ± half the distance from the least to the greatest. Seeds are
other splits or other planted models, so they differ by more than contestants do: *behind* is the mean, over seeds, of the difference to the best on the same
seed. \`tallygrad, floor 0.5\` at 0.06 is what the models of \`tallygrad/models\` take if nothing is said.${planted}`;
}

function section(study: Study): string[] {
  const told = STUDIES[study.setting];
  if (told === undefined) return [];
  const better = betterOf(study);
  const parts = [`## ${told.title}`, told.text, table(study, better), verdict(study, better, told.why)];
  return [...parts, ...(study.setting === "words" ? [] : charts(study))];
}

/** Losses are the better the lower, correlations the higher. */
function betterOf({ outcomes }: Study): 1 | -1 {
  return figureNames(outcomes)[0] === "log-loss" ? 1 : -1;
}

function table(study: Study, better: 1 | -1): string {
  const names = figureNames(study.outcomes);
  const rows = ranking(study, better).map((rank) => {
    const { contestant, diverged, behind, stateBytes } = rank;
    const figures = names.map((name) => figureText(rank, name));
    return [contestant, rateText(rank), ...figures, diverged ? "" : behind.toFixed(5), countText(stateBytes)].join(
      " | ",
    );
  });
  const head = ["rule", "rate", ...names, "behind", "state bytes a row"];
  return [
    `| ${head.join(" | ")} |`,
    `| ${head.map((_, at) => (at === 0 ? "---" : "---:")).join(" | ")} |`,
    ...rows.map((row) => `| ${row} |`),
  ].join("\n");
}

function charts(study: Study): string[] {
  const { setting } = study;
  const title = setting.startsWith("movielens") ? "Validation loss" : "Loss of each example before it was learned from";
  const drawnHere: [string, Panel | undefined][] = [
    ["rates", ratePanel(study)],
    ["curves", curvePanel(study, title)],
    ["counts", countPanel(study, /^(tallygrad|cf-sgd, normalised, capped|adagrad|adam)$/)],
  ];
  return drawnHere.flatMap(([name, panel]) =>
    panel === undefined ? [] : [`${panel.title}:\n\n${figure(`${setting}-${name}`, panel)}`],
  );
}

function wordBatches(studies: readonly Study[]): string {
  const sizes = studies.flatMap(({ setting, outcomes }) => {
    const size = /^words-(\d+)$/.exec(setting)?.[1] ?? (setting === "words" ? "1024" : undefined);
    const outcome = outcomes.find(({ contestant, tuned }) => contestant === "tallygrad" && tuned);
    return size === undefined || outcome === undefined ? [] : [{ size: Number(size), outcome }];
  });
  if (sizes.length === 0) return "";
  const rows = sizes
    .sort((a, b) => a.size - b.size)
    .map(
      ({ size, outcome }) =>
        `| ${size} | ${Number(outcome.rate.toPrecision(3))} | ${spreadOf(
          outcome.runs.map(({ test }) => test["WordSim-353"] ?? Number.NaN),
          4,
        )} |`,
    );
  return `### How many words a step may have

A step sums the gradients of a word's occurrences; if they are too many it oscillates. \`tallygrad\` at the rate that is best for each size (32 words are about a sentence):

| words a step | rate | WordSim-353 |
| ---: | ---: | ---: |
${rows.join("\n")}`;
}

function theory({ theory }: Results): string {
  if (theory.length === 0) return "";
  const points = theory.flatMap(({ name, rows }) => rows.map((row) => ({ name, ...row })));
  const chart = drawn("theory", "Speed-ups of rows over SGD by rank, for three distributions", {
    height: 320,
    marginLeft: 56,
    fx: { label: null, domain: theory.map(({ name }) => name) },
    x: { type: "log", label: "rank of the row", ticks: 3, tickFormat: "~s" },
    y: { type: "log", label: "times as many steps of SGD", grid: true, tickFormat: "~s" },
    marks: [
      Plot.ruleY([1]),
      Plot.lineY(points, { fx: "name", x: "rank", y: "bound", stroke: "var(--soft)", strokeDasharray: "4 3" }),
      Plot.lineY(points, { fx: "name", x: "rank", y: "exact", stroke: "var(--counts)" }),
      Plot.dot(points, { fx: "name", x: "rank", y: "fa", r: 2, stroke: "var(--adagrad)" }),
      Plot.dot(points, { fx: "name", x: "rank", y: "cf", r: 2, fill: "var(--tallygrad)" }),
    ],
  });
  const rows = theory.map(({ name, rows }) => {
    const tail = rows.filter(({ bound }) => bound > 10);
    const shares = tail.map(({ exact, bound }) => exact / bound);
    const head = rows.slice(0, 5);
    const least = (of: "exact" | "fa" | "cf"): string => Math.min(...head.map((row) => row[of])).toFixed(2);
    const range = shares.length === 0 ? "" : `${Math.min(...shares).toFixed(2)} to ${Math.max(...shares).toFixed(2)}`;
    return `| ${name} | ${least("exact")} | ${least("fa")} | ${least("cf")} | ${range} |`;
  });
  return `## Theory

A row that occurs with probability p learns Σp²/p times as fast as with SGD, say the bounds (after Li et al., 2022). Here is what is: 100 rows of ½|w − w*|², noise of variance 1 a element, 1,000,000
steps, every rule at the rate that its bound is best at. *Times as many steps* is how long a run SGD needs for the same mean squared gradient of that row.

${chart}

*Dashed: Σp²/p. Line: FA-SGD, exactly, by recursion. Rings: \`fa-sgd\`, dots: \`cf-sgd\` with a horizon, through tables, one occurrence a step, mean over three seeds.*

| tail | slowest of the first 5 rows, exact | \`fa-sgd\` | \`cf-sgd\` | speed-up / bound, where the bound is above 10 |
| --- | ---: | ---: | ---: | ---: |
${rows.join("\n")}`;
}

function accumulated({ accumulators }: Results): string {
  const panel = accumulatorsPanel(accumulators);
  if (panel === undefined) return "";
  const lines = accumulators.map(({ name, slope, r2 }) => `| ${name} | ${slope.toFixed(2)} | ${r2.toFixed(2)} |`);
  return `## What Adagrad remembers

Sums of squared gradients, one for each weight, grow with the row's count: that is why a count can stand in for them. First vectors have a deviation of 0.05 here.

${figure("accumulators", panel)}

| data | slope | R² |
| --- | ---: | ---: |
${lines.join("\n")}

*The line through the logarithms of all rows that occurred. Dashed: in proportion to the count.*`;
}
