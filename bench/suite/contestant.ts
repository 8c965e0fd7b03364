/** What takes part in a comparison, and what its turns give. */
import { Bench } from "tinybench";

export interface Contestant {
  name: string;
  /** Takes some steps; gives the microseconds of each. */
  turn(steps: number): Promise<number[]>;
  /** The rows as they are, or what is read of them, where contestants of this process must agree. */
  rows?(ids: Uint32Array): Float32Array;
  /** What it computes, if not all of them compute the same. */
  answer?: string;
  /** Whether its rows must be those of others to the bit, not only nearly. */
  exact?: boolean;
  dispose(): void;
}

const quiet = new Int32Array(new SharedArrayBuffer(4));

/** Rests, so that threads that are looking for work go to sleep. */
export function rest(milliseconds: number): void {
  Atomics.wait(quiet, 0, 0, milliseconds);
}

/** Times a function of the number of its call. What comes before each call is not timed. */
export function timed(call: (number: number) => void, before?: () => void): Contestant["turn"] {
  let number = 0;
  return async (steps) => {
    const bench = new Bench({ iterations: steps, time: 0, warmup: false, retainSamples: true });
    bench.add("step", () => call(number++), before ? { beforeEach: before } : {});
    await bench.run();
    const result = bench.tasks[0]?.result;
    if (result?.state !== "completed") throw new Error(`a step ended ${result?.state}`);
    return (result.latency.samples ?? []).map((milliseconds) => milliseconds * 1000);
  };
}
