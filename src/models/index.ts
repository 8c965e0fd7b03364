/** tallygrad/models. See models.d.ts. */

export { select } from "./data/select.js";
export { split } from "./data/split.js";
export { DeepFM, FactorizationMachine } from "./factorization-machine.js";
export { metricsOf } from "./metrics.js";
export { SkipGram } from "./skip-gram.js";
