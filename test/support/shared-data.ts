/** Real data that a machine may have beside the repository. Their terms keep them out of it. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = new URL("../../../shared/data/", import.meta.url);

/** The path of one of the data sets, if it is there. */
export function sharedData(name: string): string | undefined {
  const path = fileURLToPath(new URL(name, folder));
  return existsSync(path) ? path : undefined;
}

/** What a skipped test adds to its name. */
export const withoutData = (path: string | undefined): string =>
  path === undefined ? " (skipped: ../shared/data does not have it)" : "";
