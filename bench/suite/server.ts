/** Contestants that are other processes: each takes requests, one JSON object a line, and answers with the microseconds of its steps. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Shape } from "../workload.js";
import { type Contestant, rest } from "./contestant.js";

/** Milliseconds after a turn in which the other process's threads go to sleep. */
const REST = 10;

export class Server {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(program: string, given: readonly string[]) {
    this.#process = spawn(program, given, { stdio: ["pipe", "pipe", "inherit"] });
    if (this.#process.stdout === null) throw new Error(`${program} has no output`);
    // One that has ended cannot be written to. It gives no answer either, and that is what tells.
    this.#process.stdin?.on("error", () => undefined);
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async #ask(request: object): Promise<number[]> {
    this.#process.stdin?.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.#process.spawnfile} has ended`);
    const answer = JSON.parse(value) as { micros?: number[]; error?: string };
    if (answer.micros === undefined) throw new Error(answer.error ?? value);
    return answer.micros;
  }

  /** A contestant of this process. It checks its own answers. */
  contestant(shape: Shape, asked: string, name: string, threads: number): Contestant {
    const { name: workload, rows, dim, count, tables = 1 } = shape;
    const turn = async (steps: number): Promise<number[]> => {
      const micros = await this.#ask({ contestant: asked, workload, rows, dim, count, tables, threads, steps });
      rest(REST);
      return micros;
    };
    return { name, turn, dispose: () => undefined };
  }

  /** Gives back what all contestants have, as does a process that has ended. */
  async close(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.#ask({ close: true });
  }

  end(): void {
    this.#process.stdin?.end();
  }
}
