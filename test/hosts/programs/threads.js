/** Trains in a thread by node:worker_threads, which is sent the compiled kernel if the argument says so. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { compileKernel } from "./kernel.js";

const worker = new Worker(new URL("./thread.js", import.meta.url));
worker.postMessage(process.argv[2] === "sent" ? { module: await compileKernel() } : {});
const [result] = await once(worker, "message");
console.log(JSON.stringify(result));
await worker.terminate();
