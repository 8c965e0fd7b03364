/** A page whose table is in a module worker, written so that bundlers see the worker and bundle it too. */
import { show } from "./show.js";

const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
worker.onmessage = ({ data }) => show(data);
