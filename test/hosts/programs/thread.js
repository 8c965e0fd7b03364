/** The thread of threads.js. */
import { parentPort } from "node:worker_threads";
import { EmbeddingTable, setWasmModule } from "tallygrad";
import { train } from "./train.js";

parentPort.once("message", ({ module }) => {
  if (module !== undefined) setWasmModule(module);
  parentPort.postMessage(train(EmbeddingTable));
});
