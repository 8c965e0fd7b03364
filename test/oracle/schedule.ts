/** What a schedule makes of the learning rate at each step. Part of the oracle. */
import type { Schedule } from "../../index.js";
import { cos } from "./msun-cos.js";

const { max, min, sqrt } = Math;

/** The learning rate of step t, when the table's is `lr`. */
export function scheduledLr(schedule: Schedule | undefined, lr: number, t: number): number {
  if (schedule === undefined) {
    return lr;
  }
  return typeof schedule === "function" ? lr * schedule(t) : lr * factor(schedule, t);
}

function factor(schedule: Exclude<Schedule, (step: number) => number>, t: number): number {
  const { warmup = 0 } = schedule;
  if (t < warmup) {
    return t / warmup;
  }
  switch (schedule.type) {
    case "constant":
      return 1;
    case "inverse-sqrt":
      return sqrt(max(warmup, 1) / t);
    case "linear":
    case "cosine": {
      const { steps, end = 0 } = schedule;
      const u = min((t - warmup) / (steps - warmup), 1);
      return schedule.type === "linear" ? 1 + (end - 1) * u : end + (1 - end) * (0.5 * (1 + cos(Math.PI * u)));
    }
  }
}
