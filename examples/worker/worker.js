// The worker: holds one table and does to it what the page asks. Every message is answered by one message.
//
//     { method: "create", args: [options] }     -> { result: "wasm" }, what runs the table
//     { method: "lookup", args: [ids] }         -> { result: vectors }, transferred
//     { method: any other of a table, args }    -> { result }
//     a call that throws                        -> { error: { code, message } }; the table is as before
//
// With a bundler, import from "tallygrad". Without one it takes a path, because a page's import map does not hold in its workers.

import { EmbeddingTable } from "../../dist/browser.js";

let table;

function answer(method, args) {
  if (method !== "create") return table[method](...args);
  table?.dispose();
  table = new EmbeddingTable(...args);
  return table.backend.kind;
}

addEventListener("message", ({ data: { method, args } }) => {
  try {
    const result = answer(method, args);
    postMessage({ result }, ArrayBuffer.isView(result) ? [result.buffer] : []);
  } catch ({ code, message }) {
    postMessage({ error: { code, message } });
  }
});
