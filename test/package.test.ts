/** The package as a user gets it: packed, installed into an empty folder without install scripts, and used as README.md says. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, launch, skipped } from "./browser/chromium.js";
import { serve } from "./hosts/support/server.js";

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
      expect.arrayContaining([
        "dist/index.js",
        "dist/browser.js",
        "dist/kernel.wasm",
        "dist/formats.js",
        "dist/models.js",
        "dist/models.browser.js",
        "dist/cli.js",
        "index.d.ts",
        "formats.d.ts",
        "models.d.ts",
        "package.json",
        "README.md",
        "LICENSE",
      ]),
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

  test("has a command line that runs there", async () => {
    const { stdout } = await run("npx", ["--offline", "tallygrad", "demo", "--examples", "1000", "--seeds", "1"], {
      cwd: folder,
    });
    expect(stdout).toMatch(/^Synthetic click log.*\n.*optimizer +rate +log-loss/s);
    expect(readdirSync(folder)).toContain("report.html");
  }, 60_000);

  test("has documentation whose every example runs", async () => {
    const blocks = [
      ...[
        "README.md",
        ...readdirSync(join(root, "docs"))
          .filter((file) => file.endsWith(".md"))
          .map((file) => join("docs", file)),
      ].flatMap((file) =>
        [...readFileSync(join(root, file), "utf8").matchAll(/^```js\n(.*?)^```/gms)].map(([, block = ""]) => block),
      ),
      ...["index.d.ts", "formats.d.ts", "models.d.ts"].flatMap((file) =>
        [...readFileSync(join(root, file), "utf8").matchAll(/@example\n(.*?)\*\//gs)].map(([, block = ""]) =>
          block.replaceAll(/^ *\* ?/gm, ""),
        ),
      ),
    ];
    expect(blocks.length).toBeGreaterThanOrEqual(4);
    for (const block of blocks) {
      expect(block).toMatch(/from "tallygrad(?:\/\w+)?"/);
      writeFileSync(join(folder, "documented.js"), block);
      await expect(run(process.execPath, ["documented.js"], { cwd: folder })).resolves.toMatchObject({ stderr: "" });
    }
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
    const program = `import { EmbeddingTable, type Source } from "tallygrad";
      import { readNpy, writeNpy } from "tallygrad/formats";
      export const copied = async (source: Source): Promise<Float32Array> => (await readNpy(source)).weights;
      export const written: Promise<undefined> = writeNpy(new EmbeddingTable({ rows: 1, dim: 1 }), "vectors.npy");
      const vectors: Float32Array = new EmbeddingTable({ rows: 1, dim: 1 }).lookup([0]);
      console.log(vectors);`;
    // Nothing declares the console here: the one error shows that the file was compiled and the rest is right.
    writeFileSync(join(folder, "user.ts"), program);
    const compiled = run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder]);
    const { stdout } = (await compiled.catch((failure) => failure)) as { stdout: string };
    expect(stdout.trim().split("\n")).toEqual([expect.stringMatching(/^.*user\.ts\(6,\d+\): error TS2584: .*console/)]);
  }, 30_000);

  test("runs on WebAssembly where addons are switched off, and says so", async () => {
    const { stdout, stderr } = await run(process.execPath, ["--no-addons", "example.js"], { cwd: folder });
    expect(stdout.split("\n")[0]).toBe("2");
    expect(stderr).toMatch(/TallygradWarning.*cannot be loaded/);
  });

  test("has an entry that is WebAssembly everywhere, with the same kernel in one file as beside it", async () => {
    const program = `
      import { readFileSync } from "node:fs";
      import { EmbeddingTable } from "tallygrad/wasm";
      const { kind } = new EmbeddingTable({ rows: 1, dim: 1 }).backend;
      let refusal;
      try { new EmbeddingTable({ rows: 1, dim: 1, backend: "native" }); } catch ({ code }) { refusal = code; }
      const bundle = readFileSync(new URL(import.meta.resolve("tallygrad/wasm")), "utf8");
      const kernel = readFileSync(new URL(import.meta.resolve("tallygrad/kernel.wasm"))).toString("base64");
      console.log(JSON.stringify({ kind, refusal, same: bundle.split(kernel).length - 1 }));`;
    writeFileSync(join(folder, "wasm.js"), program);
    const { stdout } = await run(process.execPath, ["wasm.js"], { cwd: folder });
    expect(JSON.parse(stdout)).toEqual({ kind: "wasm", refusal: "ERR_ADDON_MISSING", same: 1 });
  });

  describe("chooses its backend", () => {
    const program = `
      const [entry, backend] = process.argv.slice(2);
      const { EmbeddingTable } = await import(entry);
      try {
        const { kind, reason } = new EmbeddingTable({ rows: 1, dim: 1, backend }).backend;
        console.log(JSON.stringify({ kind, reason }));
      } catch ({ code, message }) {
        console.log(JSON.stringify({ code, message }));
      }`;
    const ofOption = (kind: string) => ({ kind, reason: `option backend is "${kind}"` });
    const ofVariable = (kind: string) => ({ kind, reason: `the environment variable TALLYGRAD_BACKEND is "${kind}"` });
    const found = { kind: "native", reason: "the native addon was found" };
    const noAddonHere = { kind: "wasm", reason: "this entry of the package has no native addon" };
    const refused = (value: string) => ({
      code: "ERR_OPTION_VALUE",
      message: expect.stringMatching(
        `^the environment variable TALLYGRAD_BACKEND must be "auto", "native", "wasm", but is "${value}"`,
      ),
    });
    const missing = (why: string) => ({ code: "ERR_ADDON_MISSING", message: expect.stringContaining(why) });
    const switchedOff = "cannot be loaded: Cannot load native addon because loading addons is disabled";

    const choices: [
      given: { variable?: string; option?: string; entry?: string; addons?: "switched off" | "missing" },
      expected: object,
    ][] = [
      [{}, found],
      [{ variable: "" }, found],
      [{ variable: "auto" }, found],
      [{ variable: "native" }, ofVariable("native")],
      [{ variable: "wasm" }, ofVariable("wasm")],
      [{ variable: "gpu" }, refused("gpu")],
      [{ variable: "WASM" }, refused("WASM")],
      [{ variable: "gpu", option: "auto" }, refused("gpu")],
      [{ variable: "wasm", option: "auto" }, ofVariable("wasm")],
      [{ variable: "wasm", option: "native" }, ofOption("native")],
      [{ variable: "native", option: "wasm" }, ofOption("wasm")],
      [{ variable: "gpu", option: "wasm" }, ofOption("wasm")],
      [{ addons: "switched off" }, { kind: "wasm", reason: expect.stringContaining(switchedOff) }],
      [{ addons: "switched off", variable: "native" }, missing(switchedOff)],
      [{ addons: "switched off", option: "native" }, missing(switchedOff)],
      [{ addons: "switched off", variable: "wasm" }, ofVariable("wasm")],
      [{ addons: "missing", variable: "native" }, missing("does not exist")],
      [{ addons: "missing", option: "native", variable: "wasm" }, missing("does not exist")],
      [{ addons: "missing", option: "wasm", variable: "native" }, ofOption("wasm")],
      [{ entry: "tallygrad/wasm" }, noAddonHere],
      [{ entry: "tallygrad/wasm", variable: "native" }, noAddonHere],
      [{ entry: "tallygrad/wasm", variable: "gpu" }, noAddonHere],
      [{ entry: "tallygrad/wasm", option: "wasm" }, ofOption("wasm")],
      [{ entry: "tallygrad/wasm", option: "native" }, missing("this entry of the package has no native addon")],
    ];

    test.each(choices)("given %o", async ({ variable, option, entry = "tallygrad", addons }, expected) => {
      writeFileSync(join(folder, "backend.js"), program);
      const dist = join(folder, "node_modules", "tallygrad", "dist");
      const away = addons === "missing" ? readdirSync(dist).filter((name) => name.endsWith(".node")) : [];
      for (const name of away) renameSync(join(dist, name), join(folder, name));
      try {
        const flags = addons === "switched off" ? ["--no-addons"] : [];
        const env = { ...process.env, TALLYGRAD_BACKEND: variable };
        const given = option === undefined ? [entry] : [entry, option];
        const { stdout } = await run(process.execPath, [...flags, "backend.js", ...given], { cwd: folder, env });
        expect(JSON.parse(stdout)).toEqual(expected);
      } finally {
        for (const name of away) renameSync(join(folder, name), join(dist, name));
      }
    });
  });

  describe("without its addon", () => {
    const program = `
      import { EmbeddingTable } from "tallygrad";
      const tried = ["auto", "auto", "native", "wasm"].map((backend) => {
        try {
          return new EmbeddingTable({ rows: 1, dim: 1, backend }).backend;
        } catch ({ code, message }) {
          return { code, message };
        }
      });
      console.log(JSON.stringify(tried));`;
    const file = join("node_modules", "tallygrad", "dist", `tallygrad.${process.platform}-${process.arch}`);

    beforeAll(() => {
      const dist = join(folder, "node_modules", "tallygrad", "dist");
      for (const name of readdirSync(dist)) if (name.endsWith(".node")) rmSync(join(dist, name));
      writeFileSync(join(folder, "backends.js"), program);
    });

    test("runs README.md's example on WebAssembly", async () => {
      const { stdout } = await run(process.execPath, ["example.js"], { cwd: folder });
      expect(stdout.split("\n")[0]).toBe("2");
    });

    test.skipIf(chromiumPath === undefined)(`runs README.md's example in a page${skipped}`, async () => {
      const imports = { tallygrad: "/node_modules/tallygrad/dist/browser.js" };
      const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
      writeFileSync(join(folder, "page.html"), `${map}<script type="module" src="example.js"></script>`);
      await using server = await serve(folder);
      const browser = await launch();
      try {
        const page = await browser.newPage();
        const printed = page.waitForEvent("console", (message) => message.type() === "log");
        await page.goto(`${server.url}page.html`);
        expect((await printed).text()).toBe("2");
      } finally {
        await browser.close();
      }
    });

    test("warns once, and says which file it looked for, where, and what to run", async () => {
      const { stdout, stderr } = await run(process.execPath, ["backends.js"], { cwd: folder });
      const [first, second, native, wasm] = JSON.parse(stdout);
      expect(first).toMatchObject({ kind: "wasm", simd: "simd128", threads: 1 });
      expect(first.reason).toContain(file);
      expect(second).toEqual(first);
      expect(native.code).toBe("ERR_ADDON_MISSING");
      expect(native.message).toContain(file);
      expect(native.message).toContain("npm run build");
      expect(wasm).toMatchObject({ kind: "wasm", reason: 'option backend is "wasm"' });
      expect(stderr.match(/TallygradWarning/g)).toHaveLength(1);
      expect(stderr).toContain(file);
    });

    test("does not warn where WebAssembly was asked for", async () => {
      const env = { ...process.env, TALLYGRAD_BACKEND: "wasm" };
      const { stderr } = await run(process.execPath, ["example.js"], { cwd: folder, env });
      expect(stderr).toBe("");
    });
  });

  test("passes publint", async () => {
    const { stdout } = await run("npx", ["publint", "--strict", tarball], { cwd: root });
    expect(stdout).toContain("All good!");
  });

  test("has types that every module resolution finds", async () => {
    await expect(
      run("npx", ["attw", tarball, "--profile", "esm-only", "--exclude-entrypoints", "./kernel.wasm"], { cwd: root }),
    ).resolves.toBeDefined();
  }, 60_000);
});
