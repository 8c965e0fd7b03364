/** tallygrad/models. See models.d.ts. */

export { readCriteo, readDelimited, readMovieLens, readSentences, select, split } from "./data/index.js";
export { DeepFM, FactorizationMachine } from "./factorization-machine.js";
export { Machine } from "./machine.js";
export { metricsOf } from "./metrics.js";
export { SkipGram } from "./skip-gram.js";
