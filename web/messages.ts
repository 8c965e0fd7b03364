/** What the page and its worker say to each other. */
import type { Snapshot } from "./experiment.js";
import type { Settings } from "./settings.js";

export type Command =
  /** Drops what runs and starts anew; reports carry the run's number from then on. */
  | { readonly type: "start"; readonly run: number; readonly settings: Settings; readonly isPaused: boolean }
  | { readonly type: "pause" }
  | { readonly type: "resume" };

export interface Report {
  readonly run: number;
  readonly snapshot: Snapshot;
  readonly isDone: boolean;
  /** When the worker's first table was made, in milliseconds since 1970. */
  readonly firstTableAt: number;
}
