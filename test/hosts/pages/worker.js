/** The worker of with-worker.js. */
import { EmbeddingTable } from "tallygrad";
import { train } from "./train.js";

postMessage(train(EmbeddingTable));
