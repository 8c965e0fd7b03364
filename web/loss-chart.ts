/** Loss above the oracle's against examples seen: one line a learner, and the oracle as a dashed line at zero. */
import uPlot from "uplot";
import { axis, Chart, color, shorten } from "./chart.js";
import type { Snapshot } from "./experiment.js";
import { portionSize, runLength } from "./run.js";

/** Where the frame ends, until there is a first loss. */
const firstTop = 0.15;

export class LossChart {
  readonly #chart: Chart;
  #top = firstTop;

  constructor(host: HTMLElement) {
    this.#chart = new Chart(host, {
      scales: {
        x: { time: false, range: [0, runLength] },
        // A little room below zero, so that the oracle's line is inside.
        y: { range: () => [-0.05 * this.#top, this.#top] },
      },
      axes: [
        axis({ values: (_, values) => values.map(shorten), space: 64, size: 28 }),
        axis({
          values: (_, values) => values.map((value) => value.toFixed(2)),
          incrs: [0.01, 0.02, 0.05, 0.1],
          size: 44,
          space: 30,
        }),
      ],
      underlay: drawOracle,
    });
  }

  draw({ learners, guessing }: Snapshot): void {
    this.#top = guessing > 0 ? Math.ceil(110 * guessing) / 100 : firstTop;
    const points = Math.max(0, ...learners.map(({ aboveOracle }) => aboveOracle.length));
    this.#chart.draw(
      Array.from({ length: points }, (_, portion) => (portion + 1) * portionSize),
      // A loss that has diverged may be too large for a canvas; what is above the frame is cut off anyway.
      learners.map(({ aboveOracle }) =>
        Array.from({ length: points }, (_, portion) => {
          const loss = aboveOracle[portion];
          return loss === undefined ? null : Math.min(loss, 10 * this.#top);
        }),
      ),
    );
  }
}

function drawOracle(plot: uPlot): void {
  const { ctx, bbox } = plot;
  const pixel = uPlot.pxRatio;
  const y = Math.round(plot.valToPos(0, "y", true));
  ctx.save();
  ctx.strokeStyle = color("ink");
  ctx.lineWidth = pixel;
  ctx.setLineDash([5 * pixel, 4 * pixel]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.fillStyle = color("ink");
  ctx.font = `${12 * pixel}px system-ui, sans-serif`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.fillText("oracle", bbox.left + bbox.width + 6 * pixel, y);
  ctx.restore();
}
