// The built package, as the programs beside this file use it. The environment variable TALLYGRAD_BACKEND chooses its backend.
export { EmbeddingTable } from "../../../dist/index.js";
