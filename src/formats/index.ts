/** The entry `tallygrad/formats`: what comes from other tools' files and goes to them. Each format is a file; formats.d.ts is the contract. */

export { arrowBatches } from "./arrow.js";
export { readNpy, writeNpy } from "./npy.js";
export { readSafetensors, writeSafetensors } from "./safetensors.js";
export { readGlove, readWord2vec, writeGlove, writeWord2vec } from "./word2vec.js";
