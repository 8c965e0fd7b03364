/** Every JavaScript example in README.md, docs and the declarations runs, and so does every program in examples. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = new URL("../", import.meta.url);
// Inside the package, so that "tallygrad" is the package itself.
const place = new URL("build/examples/", root);
mkdirSync(place, { recursive: true });

/** The fenced blocks of a Markdown file in JavaScript. */
function fenced(text: string): string[] {
  return [...text.matchAll(/^```js\n(.*?)^```/gms)].map(([, code = ""]) => code);
}

/** The `@example`s of a declaration file: the rest of their comments. */
function examples(text: string): string[] {
  return [...text.matchAll(/@example\n(.*?)\*\//gs)].map(([, code = ""]) => code.replaceAll(/^ \* ?/gm, ""));
}

const documents: [file: string, find: (text: string) => string[]][] = [
  ["README.md", fenced],
  ["index.d.ts", examples],
  ["formats.d.ts", examples],
  ["models.d.ts", examples],
  ...readdirSync(new URL("docs/", root))
    .filter((file) => file.endsWith(".md"))
    .map((file): [string, typeof fenced] => [`docs/${file}`, fenced]),
];
const programs = documents.flatMap(([file, find]) =>
  find(readFileSync(new URL(file, root), "utf8")).map((code, index) => ({ file, number: index + 1, code })),
);

test.each(programs)("$file, example $number, runs", ({ file, number, code }) => {
  const program = new URL(`${file.replaceAll(/\W/g, "-")}-${number}.mjs`, place);
  writeFileSync(program, code);
  expect(() => execFileSync(process.execPath, [fileURLToPath(program)], { cwd: place, stdio: "pipe" })).not.toThrow();
});

test("README.md and index.d.ts have examples", () => {
  expect(programs.map(({ file }) => file)).toEqual(expect.arrayContaining(["README.md", "index.d.ts"]));
});

const examplePrograms = readdirSync(new URL("examples/", root)).filter((file) => file.endsWith(".mjs"));

test.each(examplePrograms)("examples/%s runs and prints what it learned", (file) => {
  const output = execFileSync(process.execPath, [fileURLToPath(new URL(`examples/${file}`, root))], {
    encoding: "utf8",
  });
  expect(output).not.toMatch(/NaN|undefined|Infinity/);
  expect(output).toMatch(/\d/);
});
