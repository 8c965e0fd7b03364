/**
 * What files need of the runtime: Node's file modules where there are any, found without an import so that bundlers and pages see none of
 * them, and pauses that let other work of the event loop in.
 */

import { coded } from "../errors.js";

type Modules = {
  "node:fs/promises": typeof import("node:fs/promises");
  "node:path": typeof import("node:path");
  "node:url": typeof import("node:url");
};

/**
 * A module of Node's, in Node, Bun and Deno.
 * @param instead What the user may pass where there are no files.
 */
export function builtin<Name extends keyof Modules>(name: Name, instead: string): Modules[Name] {
  const module: unknown = globalThis.process?.getBuiltinModule?.(name);
  if (module === undefined) {
    throw coded("ERR_OPTION_VALUE", `this runtime has no files to open by path; pass ${instead} instead`);
  }
  return module as Modules[Name];
}

/** A path, or a URL with a path in it, as a path. */
export function pathOf(argument: string, value: string | URL, instead: string): string {
  const text = String(value);
  if (/^(?:https?|data|blob):/i.test(text)) {
    throw coded(
      "ERR_OPTION_VALUE",
      `${argument} must be a path or a file: URL, but is ${JSON.stringify(text)}; pass ${instead}`,
    );
  }
  if (typeof value === "string") return value;
  if (value.protocol !== "file:") {
    throw coded("ERR_OPTION_VALUE", `${argument} must be a path or a file: URL, but is ${JSON.stringify(text)}`);
  }
  return builtin("node:url", instead).fileURLToPath(value);
}

/** The class of an object of whatever realm, as its `Symbol.toStringTag` says. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/** The first of `promise` and the abort of `signal`, which rejects with the signal's reason. */
export async function orAborted<Result>(promise: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return promise;
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Milliseconds of work between two pauses. A pause that comes late by a chunk's work still keeps tasks below 50. */
const WORK = 10;

/** Lets the event loop turn now and then, where nothing else that is awaited does. */
export class Pauses {
  #since = performance.now();

  /** Waits for the event loop to turn if it has not for some 10 ms. */
  async pause(): Promise<void> {
    if (performance.now() - this.#since < WORK) return;
    await turn();
    this.#since = performance.now();
  }
}

/** Resolves in another task. A timer would wait 4 ms in a page. */
function turn(): Promise<void> {
  if (typeof globalThis.setImmediate === "function") return new Promise((resolve) => globalThis.setImmediate(resolve));
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
