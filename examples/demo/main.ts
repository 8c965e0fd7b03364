/**
 * The demo: trains the same factorization machine with six optimizers through the public API, on a synthetic click log or on
 * MovieLens-1M, prints what each of them reached, and writes `report.html`.
 *
 *     npm run demo -- --help
 */
import { writeFileSync } from "node:fs";
import type { Optimizer } from "tallygrad";
import { makeClickLog } from "./click-log.js";
import type { Dataset } from "./dataset.js";
import { formatCount } from "./format.js";
import { DataError, loadMovieLens } from "./movielens.js";
import { clickLogOptimizers, movieLensOptimizers } from "./optimizers.js";
import { type Options, parseOptions, UsageError, usage } from "./options.js";
import { Progress } from "./progress.js";
import { clickLogTestExamples, recipeFor } from "./recipes.js";
import { renderReport } from "./report/page.js";
import { gatherResults, type Results, toJson } from "./results.js";
import { formatResults } from "./results-table.js";
import { type Run, run } from "./run.js";

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    console.log(usage);
    return;
  }
  const data = loadData(options);
  announce(data);
  const results = await runAll(data, options);
  console.log(`\n${formatResults(results)}\n`);
  writeFileSync(options.report, renderReport(results));
  console.log(`Report: ${options.report}`);
  if (options.json !== undefined) {
    writeFileSync(options.json, toJson(results));
    console.log(`Figures: ${options.json}`);
  }
}

function loadData({ data, seed, examples }: Options): Dataset {
  return data === undefined
    ? makeClickLog({ seed, trainExamples: examples, testExamples: clickLogTestExamples })
    : loadMovieLens(data, seed);
}

function announce({ title, train, test, fields, rows }: Dataset): void {
  const size = `${formatCount(train.count)} training and ${formatCount(test.count)} test examples`;
  console.log(`${title}: ${size}, ${fields} fields, ${formatCount(rows)} rows\n`);
}

async function runAll(data: Dataset, options: Options): Promise<Results> {
  const { dtype, rounding } = options;
  const recipe = { ...recipeFor(data, options.seed, options.batch), storage: { dtype, rounding } };
  const progress = new Progress();
  process.once("SIGINT", () => {
    progress.stop();
    console.error("Interrupted; nothing was written.");
    process.exit(130);
  });
  const runs: Run[] = [];
  const diverged: Optimizer[] = [];
  for (const optimizer of data.synthetic ? clickLogOptimizers : movieLensOptimizers) {
    progress.start(optimizer.type, recipe.epochs * data.train.count);
    const result = await run(data, optimizer, recipe, (examples, loss) => progress.update(examples, loss));
    progress.finish(optimizer, result);
    if (result) runs.push(result);
    else diverged.push(optimizer);
  }
  return gatherResults(data, recipe, runs, diverged);
}

/** Bad usage, bad data and every error with a code are the user's to mend and get one line; anything else is a bug and its trace. */
function explain(error: unknown): never {
  if (error instanceof UsageError) {
    console.error(`${error.message} (see --help)`);
    process.exit(2);
  }
  if (error instanceof DataError || (error instanceof Error && "code" in error)) {
    console.error(error.message);
    process.exit(1);
  }
  throw error;
}

main().catch(explain);
