/** The service of examples/service: it learns while it serves, survives kill -9, and goes on from its last checkpoint. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

interface Status {
  step: number;
  saved: number;
  fingerprints: string[];
}

let folder = "";
const running = new Set<ChildProcess>();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tallygrad-"));
});
afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await rm(folder, { recursive: true });
});

/** Starts the service, on a port that is free. */
async function start(path: string): Promise<{ url: string; kill(): Promise<void> }> {
  const program = fileURLToPath(new URL("../../examples/service/server.mjs", import.meta.url));
  const child = spawn(process.execPath, [program, path, "0", "20"], { stdio: ["ignore", "pipe", "inherit"] });
  running.add(child);
  const port = await new Promise<string>((resolve, reject) => {
    child.on("close", (code) => reject(new Error(`the service ended with ${code}`)));
    child.stdout.on("data", (text) => resolve(/on (\d+)/.exec(String(text))?.[1] ?? ""));
  });
  const kill = (): Promise<void> =>
    new Promise((resolve) => {
      child.removeAllListeners("close");
      child.on("close", () => resolve());
      child.kill("SIGKILL");
    });
  return { url: `http://127.0.0.1:${port}`, kill };
}

const get = async <Answer>(url: string): Promise<Answer> => (await fetch(url)).json() as Promise<Answer>;

/** Twenty events: user u clicks on item i if both are odd or both even. */
function events(batch: number): object[] {
  return Array.from({ length: 20 }, (_, i) => {
    const pair = batch * 20 + i;
    const [user, item] = [pair % 10, Math.floor(pair / 10) % 15];
    return { user, item, clicked: (user + item) % 2 === 0 };
  });
}

const learn = (url: string, batch: number): Promise<Response> =>
  fetch(`${url}/events`, { method: "POST", body: JSON.stringify(events(batch)) });

test("it learns, is killed again and again, and is each time as it was when it last saved", async () => {
  const path = join(folder, "model.safetensors");
  const seen = new Map<number, string[]>();
  let batch = 0;
  for (let life = 0; life < 4; life += 1) {
    const { url, kill } = await start(path);
    const { step, saved, fingerprints } = await get<Status>(`${url}/status`);
    expect(saved).toBe(step);
    if (life > 0) expect(fingerprints).toEqual(seen.get(step));
    // What it learned after that is lost, and is sent again.
    for (batch = step; ; ) {
      await learn(url, batch++);
      const status = await get<Status>(`${url}/status`);
      const before = seen.get(status.step);
      if (before !== undefined) expect(status.fingerprints).toEqual(before);
      seen.set(status.step, status.fingerprints);
      if (status.saved > step + 20) break;
    }
    await kill();
  }
  expect(batch).toBeGreaterThan(80);
}, 60_000);

test("what it has learned is what the events say, and a wrong request is answered with what is wrong", async () => {
  const { url, kill } = await start(join(folder, "other.safetensors"));
  for (let batch = 0; batch < 400; batch += 1) await learn(url, batch);
  const score = async (user: number, item: number): Promise<number> =>
    (await get<{ score: number }>(`${url}/score?user=${user}&item=${item}`)).score;
  expect(await score(3, 5)).toBeGreaterThan(0.8);
  expect(await score(3, 6)).toBeLessThan(0.2);
  const body = JSON.stringify([{ user: 1, item: 20_000, clicked: true }]);
  const refused = await fetch(`${url}/events`, { method: "POST", body });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({
    code: "ERR_ID_OUT_OF_RANGE",
    message: expect.stringContaining("20000"),
  });
  await kill();
}, 60_000);
