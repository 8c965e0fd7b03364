// The built package, as the child processes of the hazard tests use it: one import to change for another backend.
export { EmbeddingTable } from "../../../dist/index.js";
