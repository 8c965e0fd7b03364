/** Random numbers for synthetic data: those of models' orders, and normal ones. */
import { Random } from "../models/random.js";
import { log } from "./portable-math.js";

export class NormalRandom extends Random {
  #spare: number | undefined;

  /** A standard normal number, by Marsaglia's polar method, which makes two at a time. */
  normal(): number {
    const spare = this.#spare;
    if (spare !== undefined) {
      this.#spare = undefined;
      return spare;
    }
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const square = x * x + y * y;
      if (square > 0 && square < 1) {
        const factor = Math.sqrt((-2 * log(square)) / square);
        this.#spare = y * factor;
        return x * factor;
      }
    }
  }
}
