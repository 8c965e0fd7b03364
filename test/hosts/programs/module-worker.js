/** The worker of module-workers.js. */
import { EmbeddingTable, setWasmModule } from "tallygrad";
import { train } from "./train.js";

globalThis.onmessage = ({ data: { module } }) => {
  if (module !== undefined) setWasmModule(module);
  postMessage(train(EmbeddingTable));
};
