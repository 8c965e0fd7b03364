/** What `test/hosts/pages/train.js` gives on the native addon, which is what it has to give everywhere. */
import { execute } from "./execute.js";
import { makeProject } from "./project.js";

export interface Trained {
  readonly fingerprint: string;
  readonly kind: "native" | "wasm";
}

export async function trainNatively(): Promise<Trained> {
  using project = makeProject("pages", "programs");
  const { stdout } = await execute([process.execPath, "main.js"], project.folder, { TALLYGRAD_BACKEND: "native" });
  return JSON.parse(stdout);
}
