/** Pauses in long work, so that the event loop gets its turn. */

/** Milliseconds of work between pauses. */
const STRETCH = 8;

/** Work that knows when it last paused. */
export class Pauses {
  #last = performance.now();

  /** Gives the event loop a turn, if it is time for one. */
  async pauseIfDue(): Promise<void> {
    if (performance.now() - this.#last < STRETCH) return;
    await new Promise((resolve) => setTimeout(resolve));
    this.#last = performance.now();
  }
}
