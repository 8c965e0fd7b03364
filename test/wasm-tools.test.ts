/**
 * Building WebAssembly on a machine that lacks what it takes: what `scripts/wasm.mjs` tries, and whether it says what is missing. Programs that note
 * how they were called stand in for Rust's and Debian's, so that nothing is installed.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const script = new URL("../scripts/wasm.mjs", import.meta.url).href;
const packages = ["rustc-web", "cargo-web", "rust-web-src"];
const hasThem = packages.every((name) => existsSync(`/usr/share/doc/${name}`));
const without =
  process.platform === "win32" ? " (skipped: no shell scripts)" : hasThem ? " (skipped: nothing is missing)" : "";

describe.skipIf(without !== "")(`Without Rust's library for WebAssembly${without}`, () => {
  let folder: string;
  let library: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tallygrad-wasm-tools-"));
    library = join(folder, "library");
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "calls"), "");
    // Asked for the library's folder, it says where that would be.
    standIn("rustc", `echo "${library}"`);
    standIn("apt-get", "exit 100");
    standIn("cargo", "echo offline; exit 101");
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function standIn(name: string, does: string): void {
    const path = join(folder, "bin", name);
    writeFileSync(path, `#!/bin/sh\necho "${name} $*" >> "${folder}/calls"\n${does}\n`);
    chmodSync(path, 0o755);
  }

  function build(): { code: number | null; said: string; calls: string } {
    const program = `const { buildWasm } = await import("${script}"); await buildWasm("${folder}/out");`;
    const env = { PATH: join(folder, "bin"), TALLYGRAD_TOOLS: join(folder, "tools") };
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { env });
    return { code: status, said: String(stderr), calls: readFileSync(join(folder, "calls"), "utf8") };
  }

  const missing = `there is no Rust library for wasm32-unknown-unknown. With Rust from https://rustup.rs it comes by \`rustup target add wasm32-unknown-unknown\``;

  test("and without rustup the build ends and names the library, the command that gets it, and the packages that would do", () => {
    const { code, said } = build();
    expect(code).toBe(1);
    expect(said).toContain(missing);
    for (const name of packages) expect(said).toContain(name);
  });

  test("it asks rustup for the library first, and says the same if rustup cannot get it", () => {
    standIn("rustup", "exit 1");
    const { code, said, calls } = build();
    expect(code).toBe(1);
    expect(said).toContain(missing);
    expect(calls).toContain("rustup target add wasm32-unknown-unknown\n");
    expect(calls).not.toContain("cargo");
  });

  test("and without Rust at all the build says the same", () => {
    rmSync(join(folder, "bin", "rustc"));
    const { code, said } = build();
    expect(code).toBe(1);
    expect(said).toContain(missing);
  });

  test("which rustup then gets, it installs wasm-pack, and says so if that fails", () => {
    standIn("rustup", `/bin/mkdir "${library}"`);
    const { code, said, calls } = build();
    expect(code).toBe(1);
    expect(said).toMatch(/^Installing wasm-pack [\d.]+ into .*tools, once failed\.$/m);
    expect(said).toContain("offline");
    expect(calls).toMatch(/^cargo install wasm-pack --version [\d.]+ --locked --root .*tools$/m);
    expect(calls).not.toContain("apt-get");
  });
});
