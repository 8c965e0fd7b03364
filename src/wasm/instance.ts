/** The instance of the kernel that all tables share: how it comes to be, its stage, and what its errors are. */

import type { ErrorCode } from "../../index.d.ts";
import { coded, isCoded, shown } from "../errors.js";
import { base64, exported, type Glue, glue, type Stage } from "./kernel.js";

/** The most bytes that a stage keeps between calls other than steps and look-ups, which are many and alike. */
const KEPT = 1 << 26;
const MOST_MEMORY = 2 ** 32;

/** An instance of the kernel, and what its tables share. */
export interface Instance {
  readonly glue: Glue;
  readonly memory: WebAssembly.Memory;
  readonly stage: Stage;
  /** Positions that are inspected together are a multiple of this. */
  readonly chunk: number;
  /** A trap in the kernel, after which nothing in its memory can be trusted. */
  fault?: unknown;
}

let given: WebAssembly.Module | undefined;
let instance: Instance | undefined;

/** See index.d.ts. */
export function setWasmModule(module: WebAssembly.Module): void {
  if (Object.prototype.toString.call(module) !== "[object WebAssembly.Module]") {
    throw coded("ERR_WRONG_CLASS", `module must be a WebAssembly.Module, but is ${shown(module)}`);
  }
  if (instance !== undefined) {
    throw coded("ERR_WASM_LOADED", "the kernel is loaded already; call setWasmModule before the first table is made");
  }
  const names = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
  const lacking = exported.find((name) => !names.has(name));
  if (lacking !== undefined || names.size !== exported.length) {
    const difference = lacking === undefined ? "" : `: it does not export ${lacking}`;
    throw coded("ERR_WASM_UNAVAILABLE", `module is not the kernel of this version of tallygrad${difference}`);
  }
  given = module;
}

/** The instance, which is made when it is first asked for, or the error that says why it cannot be. */
export function instantiate(): Instance {
  if (instance !== undefined) return instance;
  if (glue === undefined) {
    throw coded(
      "ERR_WASM_UNAVAILABLE",
      "this build of tallygrad has no WebAssembly; `npm run build` makes one that has",
    );
  }
  try {
    const { memory } = glue.initSync({ module: given ?? new WebAssembly.Module(decoded(base64)) });
    instance = { glue, memory, stage: new glue.Stage(), chunk: glue.chunk() };
    return instance;
  } catch (cause) {
    const advice =
      "It takes an engine with WebAssembly SIMD, and on pages with a content security policy the source 'wasm-unsafe-eval'.";
    const why = cause instanceof Error ? cause.message : shown(cause);
    throw coded("ERR_WASM_UNAVAILABLE", `the WebAssembly kernel cannot be started: ${why}. ${advice}`, { cause });
  }
}

/** Engines that are new enough decode in a millisecond, and so do Node and Bun. Elsewhere a loop runs but once, so no engine compiles it well, and takes ten. */
function decoded(text: string): Uint8Array<ArrayBuffer> {
  const { fromBase64 }: { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> } = Uint8Array as object;
  if (fromBase64 !== undefined) return fromBase64(text);
  if (globalThis.Buffer !== undefined) return globalThis.Buffer.from(text, "base64");
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

/** Makes room on the stage. The memory may grow, so its buffer is asked for anew each time. */
export function reserve(running: Instance, size: number): { start: number; bytes: ArrayBuffer } {
  const start = running.stage.reserve(size);
  return { start, bytes: running.memory.buffer };
}

/** A call but for a step or a look-up: its stage is given back if it was large. */
export function attempt<T>(running: Instance, call: () => T): T {
  try {
    const result = call();
    running.stage.shrink(KEPT);
    return result;
  } catch (thrown) {
    refuse(running, thrown);
  }
}

/** Refuses to go on after a fault. */
export function checkFault({ fault }: Instance): void {
  if (fault !== undefined) {
    throw coded(
      "ERR_POISONED",
      "an earlier call met a fault in the WebAssembly kernel; its tables cannot be used any more",
      {
        cause: fault,
      },
    );
  }
}

/** Throws what a door threw as an error with a code. Refusals are texts, `CODE message`; anything else is a fault of the kernel. */
export function refuse(running: Instance, thrown: unknown): never {
  if (typeof thrown === "string") {
    const end = thrown.indexOf(" ");
    const [code, message] = [thrown.slice(0, end) as ErrorCode, thrown.slice(end + 1)];
    throw coded(code, code === "ERR_OUT_OF_MEMORY" ? `${message}; ${supply(running)}` : message);
  }
  if (running.fault === undefined && !isCoded(thrown)) running.fault = thrown;
  checkFault(running);
  throw thrown;
}

/** What memory there is. */
function supply({ memory }: Instance): string {
  const all = memory.buffer.byteLength;
  return `WebAssembly memory is ${all} bytes now, ${MOST_MEMORY} at most, and no array in it may be larger than ${MOST_MEMORY / 2}`;
}
