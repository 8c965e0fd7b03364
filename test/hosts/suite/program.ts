/** Hands a report over from a program: as its last line of output. */
import type { Report } from "./run.js";

export async function deliver(report: Promise<Report>): Promise<void> {
  console.log(JSON.stringify(await report));
}
