/** What takes part in a comparison, and what its turns give. */
import { Bench } from "tinybench";

export interface Contestant {
  name: string;
  /** Takes some steps; gives the microseconds of each. */
  turn(steps: number): Promise<number[]>;
  /** The rows as they are, or what is read of them, where contestants of this process must agree. */
  rows?(ids: Uint32Array): Float32Array;
  /** Whether its rows must be those of others to the bit, not only nearly. */
  exact?: boolean;
  dispose(): void;
}

/** Milliseconds between two calls of a training loop that does something else as well. */
const PAUSE = 1;
const quiet = new Int32Array(new SharedArrayBuffer(4));

/** Rests, so that threads that are looking for work go to sleep. */
export function rest(milliseconds: number): void {
  Atomics.wait(quiet, 0, 0, milliseconds);
}

/** Times a function of the number of its call. With `pauses` it rests before each call. */
export function timed(call: (number: number) => void, pauses = false): Contestant["turn"] {
  let number = 0;
  return async (steps) => {
    const bench = new Bench({ iterations: steps, time: 0, warmup: false, retainSamples: true });
    bench.add("step", () => call(number++), {
      beforeEach: () => {
        if (pauses) rest(PAUSE);
      },
    });
    await bench.run();
    const result = bench.tasks[0]?.result;
    if (result?.state !== "completed") throw new Error(`a step ended ${result?.state}`);
    return (result.latency.samples ?? []).map((milliseconds) => milliseconds * 1000);
  };
}
