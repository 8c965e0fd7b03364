/**
 * A folder of a user's: outside this repository, with the built package installed and nothing else.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** This repository. */
export const root = fileURLToPath(new URL("../../../", import.meta.url));

export interface Project extends Disposable {
  readonly folder: string;
}

/**
 * Makes one. A copy, not a link: tools treat what lies outside of node_modules in other ways.
 * @param sources Folders of `test/hosts` whose files are put into it.
 */
export function makeProject(...sources: readonly ("pages" | "programs")[]): Project {
  const folder = mkdtempSync(join(tmpdir(), "tallygrad-host-"));
  const installed = join(folder, "node_modules", "tallygrad");
  mkdirSync(installed, { recursive: true });
  for (const part of ["dist", "index.d.ts", "package.json"]) {
    cpSync(join(root, part), join(installed, part), { recursive: true });
  }
  for (const source of sources) cpSync(join(root, "test/hosts", source), folder, { recursive: true });
  const manifest = { private: true, type: "module", dependencies: { tallygrad: "*" } };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Writes `index.html` into a folder, a page with one script. */
export function writePage(folder: string, script: string): void {
  const head = '<!doctype html><title>tallygrad</title><link rel="icon" href="data:,">';
  writeFileSync(join(folder, "index.html"), `${head}<body><script type="module" src="./${script}"></script></body>`);
}
