/** `setWasmModule`: what it refuses, and that a kernel which was given is the one that runs. */
import { describe, expect, test } from "vitest";
import type { EmbeddingTable, WasmModule } from "../index.js";
import { type Facade, freshFacade, kernelBytes } from "./support/fresh-facade.js";

const compiled = (): WebAssembly.Module => new WebAssembly.Module(kernelBytes());

/** A module with nothing in it, and one that exports a memory by the name that the kernel's has. */
const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const memory = [5, 3, 1, 0, 1];
const exported = [7, 10, 1, 6, ...new TextEncoder().encode("memory"), 2, 0];
const foreign: [name: string, bytes: Uint8Array<ArrayBuffer>][] = [
  ["an empty module", empty],
  ["a module that exports something else", Uint8Array.of(...empty, ...memory, ...exported)],
];

function trained({ EmbeddingTable }: Facade): EmbeddingTable {
  const table = new EmbeddingTable({ rows: 50, dim: 4, seed: 3 });
  table.update([1, 2, 1], new Float32Array(12).fill(0.25));
  return table;
}

/** Runs `action` in an engine that compiles nothing any more. */
function withoutCompiler<Result>(action: () => Result): Result {
  const { Module } = WebAssembly;
  const construct = (): object => {
    throw new Error("nothing is compiled here");
  };
  WebAssembly.Module = new Proxy(Module, { construct });
  try {
    return action();
  } finally {
    WebAssembly.Module = Module;
  }
}

describe("a module", () => {
  test("that is the kernel is what tables run on, with the same bits, and nothing is compiled", async () => {
    const [given, alone] = [await freshFacade(), await freshFacade()];
    given.setWasmModule(compiled());
    const table = withoutCompiler(() => trained(given));
    expect(table.backend.kind).toBe("wasm");
    expect(table.fingerprint()).toBe(trained(alone).fingerprint());
  });

  test("may still be given after a first table that could not be had, because nothing may be compiled", async () => {
    const facade = await freshFacade();
    const unavailable = expect.objectContaining({
      constructor: Error,
      code: "ERR_WASM_UNAVAILABLE",
      message: expect.stringContaining("nothing is compiled here"),
    });
    expect(() => withoutCompiler(() => trained(facade))).toThrow(unavailable);
    facade.setWasmModule(compiled());
    expect(withoutCompiler(() => trained(facade)).step).toBe(1);
  });

  test("may be used by two instances of the package, whose tables do not meet", async () => {
    const module = compiled();
    const [one, other] = [await freshFacade(), await freshFacade()];
    for (const facade of [one, other]) facade.setWasmModule(module);
    const [table, untouched] = [trained(one), trained(other)];
    const before = untouched.fingerprint();
    table.update([1], new Float32Array(4).fill(1));
    expect(table.fingerprint()).not.toBe(before);
    expect(untouched.fingerprint()).toBe(before);
  });

  test.each(foreign)("that is not the kernel is refused, and the package's own is used: %s", async (_name, bytes) => {
    const facade = await freshFacade();
    const module = new WebAssembly.Module(bytes);
    expect(() => facade.setWasmModule(module)).toThrow(
      expect.objectContaining({
        constructor: Error,
        code: "ERR_WASM_UNAVAILABLE",
        message: expect.stringMatching(/not the kernel of this version of tallygrad: it does not export \w/),
      }),
    );
    expect(trained(facade).step).toBe(1);
  });

  test.each<[name: string, value: () => unknown, found: string]>([
    ["the kernel's bytes", kernelBytes, "Uint8Array"],
    ["an instance", () => new WebAssembly.Instance(new WebAssembly.Module(empty)), "Instance"],
    ["a promise of a module", () => WebAssembly.compile(kernelBytes()), "Promise"],
    ["undefined", () => undefined, "undefined"],
    ["null", () => null, "null"],
    ["a URL's text", () => "kernel.wasm", "kernel.wasm"],
  ])("must be a compiled one; refused is %s", async (_name, value, found) => {
    const facade = await freshFacade();
    expect(() => facade.setWasmModule(value() as WasmModule)).toThrow(
      expect.objectContaining({
        constructor: TypeError,
        code: "ERR_WRONG_CLASS",
        message: expect.stringContaining(found),
      }),
    );
  });

  test("comes too late after the first table, which goes on as before", async () => {
    const facade = await freshFacade();
    const table = trained(facade);
    const before = table.fingerprint();
    const late = expect.objectContaining({ constructor: Error, code: "ERR_WASM_LOADED" });
    expect(() => facade.setWasmModule(compiled())).toThrow(late);
    table.dispose();
    expect(() => facade.setWasmModule(compiled())).toThrow(late);
    expect(trained(facade).fingerprint()).toBe(before);
  });
});
