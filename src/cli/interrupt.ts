/** Ctrl-C: the first one ends the work between two steps, the second one the process. */
import { exitCodes } from "./exit.js";

/** What work rejects with that was interrupted. */
export class Interrupted extends Error {}

/** Runs something that can be interrupted by its signal. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort(new Interrupted("interrupted"));
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

/** Waits for work, or for its interruption. */
export async function wasInterrupted(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (error instanceof Interrupted) return true;
    throw error;
  }
}
