/** Builds what the package's entries need into `dist`: the native addon from `crates/node`, JavaScript from `src`. */

import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { installed, root, run, step } from "./run.mjs";

const cargo = await run("cargo", ["--version"], { quiet: true });
if (cargo.code !== 0) {
  process.stderr.write(
    "Rust is missing: `cargo` cannot be run. Install it from https://rustup.rs and open a new shell.\n",
  );
  process.exit(1);
}

const dist = `${root}/dist`;
mkdirSync(dist, { recursive: true });
// A process that runs the old addon keeps it; overwriting the file under it would crash it.
for (const addon of readdirSync(dist).filter((file) => file.endsWith(".node"))) rmSync(`${dist}/${addon}`);

const addon = [
  "--manifest-path",
  "crates/node/Cargo.toml",
  "--package-json-path",
  "package.json",
  "--output-dir",
  "dist",
];
await step("Building the native addon", process.execPath, [
  installed("@napi-rs/cli/dist/cli.js"),
  "build",
  ...addon,
  "--platform",
  "--release",
  "--no-js",
  "--dts",
  "addon.d.ts",
]);
await step("Compiling src", process.execPath, [installed("typescript/bin/tsc"), "-p", "tsconfig.build.json"]);
