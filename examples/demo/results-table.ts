/** The results as plain text for the terminal: what each optimizer reached, and what it did to rare and frequent rows. */
import { at } from "./at.js";
import { bucketLimits } from "./buckets.js";
import { formatAuc, formatCount, formatLoss, formatSmall } from "./format.js";
import { describeSettings } from "./optimizers.js";
import type { Results } from "./results.js";

export function formatResults(results: Results): string {
  return [formatRuns(results), formatBuckets(results)].join("\n\n");
}

function formatRuns({ title, testExamples, runs, diverged, oracle }: Results): string {
  const rows = runs.map((run) => [
    run.optimizer.type,
    describeSettings(run.optimizer),
    formatLoss(run.logLoss),
    formatAuc(run.auc),
    formatCount(run.examplesPerSecond),
    formatCount(run.stateBytesPerRow),
  ]);
  for (const optimizer of diverged) rows.push([optimizer.type, describeSettings(optimizer), "diverged", "", "", ""]);
  if (oracle) rows.push(["oracle", "true logits", formatLoss(oracle.logLoss), formatAuc(oracle.auc), "", ""]);
  const table = alignColumns([["optimizer", "settings", "log-loss", "AUC", "examples/s", "state B/row"], ...rows], 2);
  return `${title}: ${formatCount(testExamples)} test examples\n${table}`;
}

function formatBuckets({ runs, oracle }: Results): string {
  const header = [
    "optimizer",
    ...bucketLimits.map(({ bucket }) => `${bucket} loss`),
    ...bucketLimits.map(({ bucket }) => `${bucket} grad²`),
  ];
  const rows = runs.map(({ optimizer, buckets }) => [
    optimizer.type,
    ...buckets.map(({ logLoss }) => formatLoss(logLoss)),
    ...buckets.map(({ meanSquaredGradient }) => formatSmall(meanSquaredGradient)),
  ]);
  if (oracle) rows.push(["oracle", ...oracle.buckets.map(({ logLoss }) => formatLoss(logLoss)), "", "", ""]);
  const limits = bucketLimits.map(({ bucket, words }) => `${bucket} ${words}`).join(", ");
  return `By the row's count in training: ${limits}\n${alignColumns([header, ...rows], 1)}`;
}

/** Columns of equal width, the first `left` of them flush left, the others flush right, with a rule below the header. */
function alignColumns(rows: readonly (readonly string[])[], left: number): string {
  const widths = at(rows, 0).map((_, column) => Math.max(...rows.map((row) => at(row, column).length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column < left ? cell.padEnd(at(widths, column)) : cell.padStart(at(widths, column))))
      .join("  "),
  );
  return [at(lines, 0), widths.map((width) => "-".repeat(width)).join("  "), ...lines.slice(1)]
    .map((line) => `  ${line.trimEnd()}`)
    .join("\n");
}
