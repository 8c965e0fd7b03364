/** The same page for those that resolve no names: Rollup without plugins, and browsers themselves. */
import { EmbeddingTable } from "./node_modules/tallygrad/dist/browser.js";
import { show } from "./show.js";
import { train } from "./train.js";

show(train(EmbeddingTable));
