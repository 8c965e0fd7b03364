/** The package as a user gets it: packed, installed into an empty folder without install scripts, and used as README.md says. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tallygrad-package-"));
let tarball = "";
let packed: string[] = [];

beforeAll(async () => {
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: root });
  const [report] = Object.values(JSON.parse(stdout)) as { filename: string; files: { path: string }[] }[];
  tarball = join(folder, report?.filename ?? "");
  packed = report?.files.map(({ path }) => path) ?? [];
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--offline", tarball], { cwd: folder });
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the package", () => {
  test("holds what its entry needs and nothing of the workshop", () => {
    expect(packed).toEqual(
      expect.arrayContaining(["dist/index.js", "index.d.ts", "package.json", "README.md", "LICENSE"]),
    );
    expect(packed.filter((path) => path.endsWith(".node"))).toHaveLength(1);
    expect(packed.filter((path) => /^(src|crates|test|bench|examples|scripts|target)\//.test(path))).toEqual([]);
  });

  test("has no run-time dependency and no install script", () => {
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(manifest.dependencies).toBeUndefined();
    expect(Object.keys(manifest.scripts).filter((name) => /install|prepare|^pre|^post/.test(name))).toEqual([]);
    expect(Object.keys(manifest.exports["."])[0]).toBe("types");
  });

  test("runs README.md's example in an empty folder", async () => {
    const [, example = ""] = /^```js\n(.*?)^```/ms.exec(readFileSync(join(root, "README.md"), "utf8")) ?? [];
    writeFileSync(join(folder, "example.js"), example);
    const { stdout } = await run(process.execPath, ["example.js"], { cwd: folder });
    expect(stdout.split("\n")[0]).toBe("2");
  });

  test("can be required as well as imported", async () => {
    const program = "console.log(typeof require('tallygrad').EmbeddingTable)";
    const { stdout } = await run(process.execPath, ["--input-type=commonjs", "-e", program], { cwd: folder });
    expect(stdout.trim()).toBe("function");
  });

  test("has types that a project without newer libraries compiles against", async () => {
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: "es2022",
      lib: ["es2022"],
      types: [],
      module: "nodenext",
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["user.ts"] }));
    const program = `import { EmbeddingTable } from "tallygrad";
      const vectors: Float32Array = new EmbeddingTable({ rows: 1, dim: 1 }).lookup([0]);
      console.log(vectors);`;
    // Nothing declares the console here: the one error shows that the file was compiled and the rest is right.
    writeFileSync(join(folder, "user.ts"), program);
    const compiled = run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder]);
    const { stdout } = (await compiled.catch((failure) => failure)) as { stdout: string };
    expect(stdout.trim().split("\n")).toEqual([expect.stringMatching(/^.*user\.ts\(3,\d+\): error TS2584: .*console/)]);
  }, 30_000);

  test("says which file it looked for, where, and what to run, if the addon is missing", async () => {
    const program = `
      import { rmSync, readdirSync } from "node:fs";
      const dist = new URL("./node_modules/tallygrad/dist/", import.meta.url);
      for (const file of readdirSync(dist)) if (file.endsWith(".node")) rmSync(new URL(file, dist));
      const { EmbeddingTable } = await import("tallygrad");
      try { new EmbeddingTable({ rows: 1, dim: 1 }); } catch ({ code, message }) { console.log(JSON.stringify({ code, message })); }`;
    writeFileSync(join(folder, "missing.js"), program);
    const { stdout } = await run(process.execPath, ["missing.js"], { cwd: folder });
    const { code, message } = JSON.parse(stdout);
    expect(code).toBe("ERR_ADDON_MISSING");
    expect(message).toContain(
      join("node_modules", "tallygrad", "dist", `tallygrad.${process.platform}-${process.arch}`),
    );
    expect(message).toContain("npm run build");
  });

  test("passes publint", async () => {
    const { stdout } = await run("npx", ["publint", "--strict", tarball], { cwd: root });
    expect(stdout).toContain("All good!");
  });

  test("has types that every module resolution finds", async () => {
    await expect(run("npx", ["attw", tarball, "--profile", "esm-only"], { cwd: root })).resolves.toBeDefined();
  }, 60_000);
});
