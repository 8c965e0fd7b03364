/** Trains in a module worker as browsers have them, which is sent the compiled kernel if the argument says so. */
import { compileKernel } from "./kernel.js";

const worker = new Worker(new URL("./module-worker.js", import.meta.url), { type: "module" });
const answer = new Promise((resolve, reject) => {
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = ({ message }) => reject(new Error(message));
});
worker.postMessage(process.argv[2] === "sent" ? { module: await compileKernel() } : {});
console.log(JSON.stringify(await answer));
worker.terminate();
