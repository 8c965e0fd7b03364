/** What a study says of frequency-aware rules, in a sentence or two; where none wins, why. */
import { figureNames, type Rank, ranking, rateText } from "../../src/compare/ranking.js";
import { mean, type Study } from "../../src/compare/study.js";

const FREQUENCY_AWARE = /^(tallygrad|cf-sgd|fa-sgd)/;
const ADAPTIVE = /adagrad|adam/;
/** What models take if nothing is said. */
const RECIPE = "tallygrad, floor 0.5";

/** @param why What explains it, where an adaptive rule is ahead. */
export function verdict(study: Study, better: 1 | -1, why: string | undefined): string {
  const [figure = ""] = figureNames(study.outcomes);
  const ranks = ranking(study, better);
  const frequency = ranks.find(({ contestant }) => FREQUENCY_AWARE.test(contestant));
  const adaptive = ranks.find(({ contestant, how }) => ADAPTIVE.test(contestant) && how === "tuned");
  const sgd = ranks.find(({ contestant }) => contestant === "sgd");
  if (frequency === undefined || adaptive === undefined || sgd === undefined) return "";
  const recipe = ranks.find(({ contestant, how }) => contestant === RECIPE && how === "given");
  const wins = frequency.behind <= adaptive.behind;
  const [ahead, behind] = wins ? [frequency, adaptive] : [adaptive, frequency];
  const first = wins
    ? `${named(ahead)} is best, ${gap(ahead, behind, figure, better)} of the best adaptive rule, ${named(behind)}.`
    : `No frequency-aware rule wins here: ${named(ahead)} is ${gap(ahead, behind, figure, better)} of ${named(behind)}.`;
  const given = recipe === undefined ? "" : ` ${recipeText(recipe, adaptive, sgd, figure)}`;
  return `${first}${wins || why === undefined ? "" : ` ${why}`}${given}`;
}

function named(rank: Rank): string {
  return `\`${rank.contestant}\` at ${rateText(rank)}`;
}

/** How far one is ahead of another, and on how many seeds. */
function gap(ahead: Rank, behind: Rank, figure: string, better: 1 | -1): string {
  const differences = (ahead.figures[figure] ?? []).map(
    (value, seed) => better * ((behind.figures[figure]?.[seed] ?? Number.NaN) - value),
  );
  const on = differences.filter((difference) => difference > 0).length;
  return `${mean(differences).toFixed(5)} ahead (on ${on} of ${differences.length} seeds)`;
}

function recipeText(recipe: Rank, adaptive: Rank, sgd: Rank, figure: string): string {
  const of = ({ figures }: Rank): number => mean(figures[figure] ?? []);
  const more = (100 * (of(recipe) - of(adaptive))) / of(adaptive);
  const than = `${Math.abs(more).toFixed(2)} % ${more > 0 ? "above" : "below"} that of the best adaptive rule with a tuned rate`;
  return `Untuned, the models' defaults reach a ${figure} ${than}, and ${(of(sgd) - of(recipe)).toFixed(4)} below that of SGD with a tuned one.`;
}
