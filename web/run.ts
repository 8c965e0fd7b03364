/** What every run has in common, whatever the settings. The page needs it without the kernel, which only the worker loads. */

export type LearnerName = "sgd" | "cf-sgd" | "tallygrad";

/** In the order of the page. */
export const learnerNames: readonly LearnerName[] = ["sgd", "cf-sgd", "tallygrad"];

/** Examples between two points of the curves. Every batch size divides it. */
export const portionSize = 4096;
/** Examples of a whole run. */
export const runLength = 256 * portionSize;
/** A point of a curve is the mean of this many portions, the latest. */
export const smoothing = 12;
