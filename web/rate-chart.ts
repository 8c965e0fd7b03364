/** The rate of a row against its tally, both logarithmic: one line a learner. */
import { axis, Chart, shorten } from "./chart.js";
import type { Snapshot } from "./experiment.js";

const logarithmic = 3;

export class RateChart {
  readonly #chart: Chart;
  #limits: [low: number, high: number] = [1e-3, 1];

  constructor(host: HTMLElement) {
    this.#chart = new Chart(host, {
      scales: {
        x: { time: false, distr: logarithmic, range: [1, 1e6] },
        y: { distr: logarithmic, range: () => this.#limits },
      },
      axes: [
        axis({
          splits: () => decades(1, 1e6),
          filter: (_, splits) => splits,
          values: (_, splits) => splits.map(shorten),
          size: 28,
        }),
        axis({
          splits: () => decades(...this.#limits),
          filter: (_, splits) => splits,
          values: (_, splits) => splits.map(String),
          size: 56,
        }),
      ],
    });
  }

  draw({ rates: { tallies, rates } }: Snapshot): void {
    const all = rates.flatMap((line) => line ?? []).filter((rate) => rate > 0);
    if (all.length > 0) {
      this.#limits = [10 ** Math.floor(Math.log10(Math.min(...all))), 10 ** Math.ceil(Math.log10(Math.max(...all)))];
    }
    // A table that has seen no gradient yet may have a rate of zero, which has no place on a logarithmic axis.
    this.#chart.draw(
      tallies,
      rates.map((line) => tallies.map((_, index) => line?.[index] || null)),
    );
  }
}

/** The powers of ten from `low` to `high`. */
function decades(low: number, high: number): number[] {
  const first = Math.round(Math.log10(low));
  const count = Math.round(Math.log10(high)) - first + 1;
  return Array.from({ length: count }, (_, index) => Number(`1e${first + index}`));
}
