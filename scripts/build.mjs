/**
 * Builds the package's files into `dist`: the native addon from `crates/node`, the kernel as WebAssembly from `crates/wasm`, and `src`
 * with that kernel inside as one file for each entry, `index.js` and `browser.js`; `formats.js`; models; and the command line, `cli.js`. With `--native` a first build leaves WebAssembly out, for
 * which Rust would have to be readied, and `backend: "wasm"` says so.
 */

import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { installed, root, run, step } from "./run.mjs";
import { buildWasm } from "./wasm.mjs";

const dist = `${root}/dist`;
/** Compiled `src`, module by module. */
const modules = `${root}/build/js`;

const cargo = await run("cargo", ["--version"], { quiet: true, optional: true });
if (cargo.code !== 0) {
  process.stderr.write(
    "Rust is missing: `cargo` cannot be run. Install it from https://rustup.rs and open a new shell.\n",
  );
  process.exit(1);
}
rmSync(modules, { recursive: true, force: true });
for (const folder of [dist, `${modules}/wasm`]) mkdirSync(folder, { recursive: true });

const nativeOnly = process.argv.includes("--native") && !existsSync(`${dist}/kernel.wasm`);
await buildAddon();
writeKernel(nativeOnly ? undefined : await buildKernel());
await step("Compiling src", process.execPath, [installed("typescript/bin/tsc"), "-p", "tsconfig.build.json"]);
await bundle("index.js", "index.js", { platform: "node" });
await bundle("formats/index.js", "formats.js", { platform: "neutral", minify: true });
await bundle("models/index.js", "models.js", { platform: "node", plugins: [besides("./index.js")] });
await bundle("cli/main.js", "cli.js", {
  platform: "node",
  minify: true,
  // It is a user of the package like any other; canvas is what linkedom would draw with.
  external: ["tallygrad", "tallygrad/*", "canvas"],
  banner: {
    js: `#!/usr/bin/env node\nimport { createRequire } from "node:module"; const require = createRequire(import.meta.url);`,
  },
});
chmodSync(`${dist}/cli.js`, 0o755);
if (!nativeOnly) {
  const options = { platform: "browser", minify: true };
  await bundle("portable.js", "browser.js", options);
  await bundle("models/index.js", "models.browser.js", { ...options, plugins: [besides("./browser.js")] });
}

async function buildAddon() {
  // A process that runs the old addon keeps it; overwriting the file under it would crash it.
  for (const addon of readdirSync(dist).filter((file) => file.endsWith(".node"))) rmSync(`${dist}/${addon}`);
  await step("Building the native addon", process.execPath, [
    ...[installed("@napi-rs/cli/dist/cli.js"), "build", "--manifest-path", "crates/node/Cargo.toml"],
    ...["--package-json-path", "package.json", "--output-dir", "dist"],
    ...["--platform", "--release", "--no-js", "--dts", "addon.d.ts"],
  ]);
}

/** Builds the kernel as WebAssembly, with the glue beside it; gives its bytes. */
async function buildKernel() {
  const folder = `${root}/build/wasm`;
  await buildWasm(folder);
  copyFileSync(`${folder}/tallygrad_wasm.js`, `${modules}/wasm/glue.js`);
  copyFileSync(`${folder}/tallygrad_wasm_bg.wasm`, `${dist}/kernel.wasm`);
  return readFileSync(`${dist}/kernel.wasm`);
}

/**
 * Writes the module that `src/wasm/kernel.d.ts` describes.
 * @param {Buffer | undefined} bytes
 */
function writeKernel(bytes) {
  const exported = bytes === undefined ? [] : WebAssembly.Module.exports(new WebAssembly.Module(bytes));
  const lines = [
    bytes === undefined ? "export const glue = undefined;" : 'export * as glue from "./glue.js";',
    `export const exported = ${JSON.stringify(exported.map(({ name }) => name))};`,
    `export const base64 = "${bytes?.toString("base64") ?? ""}";`,
  ];
  writeFileSync(`${modules}/wasm/kernel.js`, `${lines.join("\n")}\n`);
}

/**
 * Bundles a module and all it imports into one file.
 * @param {string} entry
 * @param {string} file
 * @param {import("esbuild").BuildOptions} options
 */
async function bundle(entry, file, options) {
  const { build } = await import("esbuild");
  const [entryPoints, outfile] = [[`${modules}/${entry}`], `${dist}/${file}`];
  await build({ entryPoints, outfile, bundle: true, format: "esm", target: "es2022", ...options });
}

/**
 * Leaves the main entry out of a bundle, which finds it as another file beside it.
 * @param {string} path
 * @returns {import("esbuild").Plugin}
 */
function besides(path) {
  const setup = (/** @type {import("esbuild").PluginBuild} */ build) =>
    build.onResolve({ filter: /^\.\.\/index\.js$/ }, () => ({ path, external: true }));
  return { name: "besides", setup };
}
