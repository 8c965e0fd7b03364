/**
 * The package on WebAssembly as a program finds it that has not used it yet: an instance of the module for each test, with no kernel loaded.
 */
import { readFileSync } from "node:fs";
import type { EmbeddingTable, setWasmModule } from "../../index.js";

export interface Facade {
  readonly EmbeddingTable: typeof EmbeddingTable;
  readonly setWasmModule: typeof setWasmModule;
}

let imports = 0;

export async function freshFacade(): Promise<Facade> {
  imports += 1;
  return await import(`${new URL("../../dist/browser.js", import.meta.url)}?fresh=${imports}`);
}

/** The kernel's bytes. */
export function kernelBytes(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL("../../dist/kernel.wasm", import.meta.url)));
}

/** Runs `action` while the kernel that it starts is made by `change`, from what the engine makes. */
export function withInstances<Result>(
  change: (exports: WebAssembly.Exports) => WebAssembly.Exports,
  action: () => Result,
): Result {
  const { Instance } = WebAssembly;
  const construct = (_: unknown, [module, imports]: [WebAssembly.Module, WebAssembly.Imports]): object => ({
    exports: change(new Instance(module, imports).exports),
  });
  WebAssembly.Instance = new Proxy<typeof Instance>(Instance, { construct });
  try {
    return action();
  } finally {
    WebAssembly.Instance = Instance;
  }
}
