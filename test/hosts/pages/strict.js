/** The strict way: the page compiles the kernel while it is fetched, uses it, and sends it to a worker, which compiles nothing. */
import { forbidCompiling } from "./no-compiling.js";
import { EmbeddingTable, setWasmModule } from "./node_modules/tallygrad/dist/browser.js";
import { show } from "./show.js";
import { train } from "./train.js";

const module = await WebAssembly.compileStreaming(fetch("./node_modules/tallygrad/dist/kernel.wasm"));
forbidCompiling();
setWasmModule(module);
const inPage = train(EmbeddingTable);
const worker = new Worker("./strict-worker.js", { type: "module" });
worker.onmessage = ({ data: inWorker }) => show({ inPage, inWorker });
worker.postMessage(module);
