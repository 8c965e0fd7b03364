/** The page that bundlers bundle: imports the package by its name, as users do. */
import { EmbeddingTable } from "tallygrad";
import { show } from "./show.js";
import { train } from "./train.js";

show(train(EmbeddingTable));
