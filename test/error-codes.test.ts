/** The codes that the kernel throws, the facade's classes for them, and those that index.d.ts names are the same. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const codesIn = (text: string): Set<string> => new Set(text.match(/ERR_[A-Z_]+/g));

const sources = (folder: string): string[] =>
  readdirSync(new URL(`../${folder}`, import.meta.url), { encoding: "utf8", recursive: true })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${folder}/${file}`);

test("every code of the kernel and of the facade is in ErrorCode, and each has a class", () => {
  const contract = read("index.d.ts");
  const documented = codesIn(contract.slice(contract.indexOf("export type ErrorCode")));
  const facade = read("src/errors.ts");
  expect(codesIn(facade.slice(0, facade.indexOf("};")))).toEqual(documented);
  for (const source of ["crates/core/src/error.rs", "crates/node/src/lib.rs", ...sources("src")]) {
    expect([...codesIn(read(source))].filter((code) => !documented.has(code))).toEqual([]);
  }
});
