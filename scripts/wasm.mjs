/**
 * Builds the kernel as WebAssembly from `crates/wasm` with wasm-pack. Finds or installs what that takes: Rust's library for wasm32 (through
 * rustup, or else from Debian's packages rustc-web, cargo-web and rust-web-src), and wasm-pack and wasm-bindgen, which cargo installs
 * once into a cache: `$TALLYGRAD_TOOLS`, by default `tallygrad/tools` in the user's cache folder.
 */

import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { root, run, step } from "./run.mjs";

const TARGET = "wasm32-unknown-unknown";
const DEBIAN_PACKAGES = ["rustc-web", "cargo-web", "rust-web-src"];
const WASM_PACK = "0.15.1";

const cache = process.env.XDG_CACHE_HOME ?? process.env.LOCALAPPDATA ?? join(homedir(), ".cache");
const tools = process.env.TALLYGRAD_TOOLS ?? join(cache, "tallygrad", "tools");

/**
 * Builds into a folder: `tallygrad_wasm_bg.wasm` and the glue that wasm-bindgen makes for it.
 * @param {string} folder
 * @param {string} [targetFolder] Where cargo keeps what it compiled.
 */
export async function buildWasm(folder, targetFolder = "target") {
  const rust = await findRust();
  await installTools();
  const path = [...(rust.path ?? []), join(tools, "bin"), process.env.PATH].join(delimiter);
  await step(
    "Building the kernel as WebAssembly",
    join(tools, "bin", "wasm-pack"),
    [
      ...["build", "crates/wasm", "--mode", "force", "--target", "web", "--release", "--no-pack", "--out-dir", folder],
      ...["--", "--target-dir", targetFolder, ...rust.arguments],
    ],
    { ...rust.env, PATH: path, RUSTFLAGS: "-Ctarget-feature=+simd128 -Cstrip=symbols" },
  );
}

/** How to compile for wasm32 on this machine. */
async function findRust() {
  if (await hasTarget()) return { arguments: [], env: {} };
  const { code } = await run("rustup", ["target", "add", TARGET], { quiet: true, optional: true });
  if (code === 0 && (await hasTarget())) return { arguments: [], env: {} };
  return await findDebianRust();
}

async function hasTarget() {
  const { code, output } = await run("rustc", ["--print", "target-libdir", "--target", TARGET], { quiet: true });
  return code === 0 && existsSync(output.trim());
}

/** Debian's Rust for the web has the standard library as source only, so it is compiled along. */
async function findDebianRust() {
  const missing = DEBIAN_PACKAGES.filter((name) => !existsSync(`/usr/share/doc/${name}`));
  if (missing.length > 0 && !(await installDebianPackages(missing))) {
    failWithout(`Debian's packages ${missing.join(", ")}`);
  }
  const linker = await findLinker();
  if (linker === undefined)
    failWithout("a linker for WebAssembly: rust-lld of a Rust from rustup, or wasm-ld of LLVM's lld");
  return {
    arguments: ["-Zbuild-std=std,panic_abort"],
    path: ["/usr/bin"],
    env: {
      RUSTC_BOOTSTRAP: "1",
      RUSTC: "/usr/bin/rustc",
      CARGO: "/usr/bin/cargo",
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: linker,
    },
  };
}

/**
 * Whether Debian's packages could be installed.
 * @param {string[]} names
 */
async function installDebianPackages(names) {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return false;
  process.stderr.write(`Installing Rust for WebAssembly (apt-get install ${names.join(" ")}) ...\n`);
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...names]]) {
    if ((await run("apt-get", args, { quiet: true })).code !== 0) return false;
  }
  return true;
}

async function findLinker() {
  const [sysroot, version] = await Promise.all([
    run("rustc", ["--print", "sysroot"], { quiet: true }),
    run("rustc", ["--version", "--verbose"], { quiet: true }),
  ]);
  const host = /^host: (.*)$/m.exec(version.output)?.[1];
  const candidates = [join(sysroot.output.trim(), "lib/rustlib", `${host}`, "bin/rust-lld"), "/usr/bin/wasm-ld"];
  return candidates.find((path) => existsSync(path));
}

/** Installs wasm-pack, and wasm-bindgen in the version that the crate was compiled with: the two must be equal. */
async function installTools() {
  const lock = readFileSync(`${root}/Cargo.lock`, "utf8");
  const bindgen = /name = "wasm-bindgen"\nversion = "(.*)"/.exec(lock)?.[1];
  for (const [crate, program, version] of [
    ["wasm-pack", "wasm-pack", WASM_PACK],
    ["wasm-bindgen-cli", "wasm-bindgen", bindgen],
  ]) {
    const { output } = await run(join(tools, "bin", program), ["--version"], { quiet: true, optional: true });
    if (output.trim() === `${program} ${version}`) continue;
    await step(`Installing ${program} ${version} into ${tools}, once`, "cargo", [
      ...["install", crate, "--version", version, "--locked", "--root", tools],
    ]);
  }
}

/** @param {string} what */
function failWithout(what) {
  process.stderr.write(
    `The kernel cannot be built as WebAssembly: there is no Rust library for ${TARGET}. With Rust from https://rustup.rs it comes by ` +
      `\`rustup target add ${TARGET}\`; without it, this takes ${what}.\n`,
  );
  process.exit(1);
}
