/** Hands a report over from a page, as a global, or from a worker, as a message. */
import type { Report } from "./run.js";

export function deliver(report: Promise<Report>): void {
  if (typeof document === "undefined") report.then(postMessage, reportError);
  else Object.assign(globalThis, { report });
}
