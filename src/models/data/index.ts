/** What models learn from: readers of files, and what is done with examples in memory. A format is a file. */

export { readCriteo } from "./criteo.js";
export { readDelimited } from "./delimited.js";
export { readMovieLens } from "./movielens.js";
export { select } from "./select.js";
export { readSentences } from "./sentences.js";
export { split } from "./split.js";
