/** Threads: several JavaScript threads with tables, and processes that end while the pool's threads exist. */
import { expect, test } from "vitest";
import { runChild } from "./support/child.js";

test("a worker's table has the same bits as the main thread's while other workers are terminated mid-step", async () => {
  const result = await runChild("workers");
  expect(result).toMatchObject({ code: 0, signal: null, stderr: "" });
  expect(result.printed.inWorker).toMatch(/^[0-9a-f]{64}$/);
  expect(result.printed.inWorker).toBe(result.printed.inMain);
}, 40_000);

test.each(["return", "dispose", "process.exit", "timer"])(
  "a process whose pool has threads ends with code 0 by %s",
  async (way) => {
    const result = await runChild("exit", { programArguments: [way], timeout: 15_000 });
    expect(result).toMatchObject({ code: 0, signal: null, stderr: "", printed: { step: 5 } });
  },
  20_000,
);
