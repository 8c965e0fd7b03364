/** The worker of strict.js. */
import { forbidCompiling } from "./no-compiling.js";
import { EmbeddingTable, setWasmModule } from "./node_modules/tallygrad/dist/browser.js";
import { train } from "./train.js";

globalThis.onmessage = ({ data: module }) => {
  forbidCompiling();
  setWasmModule(module);
  postMessage(train(EmbeddingTable));
};
