/** Trains, and prints what came out. */
import { EmbeddingTable } from "tallygrad";
import { train } from "./train.js";

console.log(JSON.stringify(train(EmbeddingTable)));
