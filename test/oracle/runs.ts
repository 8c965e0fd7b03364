/** The learning rates of past steps, and what maps that depend on them make together. Part of the oracle. */
import { at } from "./at.js";

/** A map (w, b) to (p w + q b, r w + s b). */
export type Map2 = readonly [p: number, q: number, r: number, s: number];

const identity: Map2 = [1, 0, 0, 1];

/** Consecutive steps at one learning rate; a run ends where the next begins. */
export interface Run {
  readonly first: number;
  readonly lr: number;
}

export class Runs {
  #runs: Run[] = [];

  get all(): readonly Run[] {
    return this.#runs;
  }

  add(step: number, lr: number): void {
    if (this.#runs.at(-1)?.lr !== lr) {
      this.#runs.push({ first: step, lr });
    }
  }

  forget(): void {
    this.#runs = [];
  }

  clone(): Runs {
    const copy = new Runs();
    copy.#runs = [...this.#runs];
    return copy;
  }

  lrOf(step: number): number {
    return at(this.#runs, this.#indexOf(step)).lr;
  }

  /** Whether the rate stays below that of `step` in all runs after its own, up to step `to`. */
  isPeak(step: number, to: number): boolean {
    const index = this.#indexOf(step);
    const { lr } = at(this.#runs, index);
    return this.#runs.slice(index + 1).every((run) => run.lr < lr || run.first > to);
  }

  /** The maps of steps `from` to `to` one after the other, each that of its step's rate. */
  product(from: number, to: number, mapOf: (lr: number) => Map2): Map2 {
    const [first, last] = [this.#indexOf(from), this.#indexOf(to)];
    const powerOf = (index: number, steps: number): Map2 => powerOfMap(mapOf(at(this.#runs, index).lr), steps);
    if (first === last) {
      return powerOf(first, to - from + 1);
    }
    const start = (index: number): number => at(this.#runs, index).first;
    const block = (begin: number, length: number): Map2 =>
      length === 1
        ? powerOf(begin, start(begin + 1) - start(begin))
        : compose(block(begin + length / 2, length / 2), block(begin, length / 2));

    let product = powerOf(first, start(first + 1) - from);
    for (let j = first + 1; j < last; ) {
      let length = 1;
      while (j % (2 * length) === 0 && j + 2 * length <= last) {
        length *= 2;
      }
      product = compose(block(j, length), product);
      j += length;
    }
    return compose(powerOf(last, to - start(last) + 1), product);
  }

  #indexOf(step: number): number {
    return this.#runs.findLastIndex((run) => run.first <= step);
  }
}

/** First `second`, then `first`. */
function compose([p, q, r, s]: Map2, [p2, q2, r2, s2]: Map2): Map2 {
  return [p * p2 + q * r2, p * q2 + q * s2, r * p2 + s * r2, r * q2 + s * s2];
}

function powerOfMap(map: Map2, exponent: number): Map2 {
  let result = identity;
  let square = map;
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) {
      result = compose(square, result);
    }
    square = compose(square, square);
  }
  return result;
}
