// The built package on WebAssembly, with an eye on the kernel's memory, which the package itself shows nobody.
const { Instance } = WebAssembly;
let memory;
WebAssembly.Instance = class extends Instance {
  constructor(...from) {
    super(...from);
    memory = this.exports.memory;
  }
};
export const { EmbeddingTable, EmbeddingTables, Vocabulary } = await import("../../../dist/browser.js");

/** The kernel's memory; there is one from the first table on. */
export const kernelMemory = () => memory;
