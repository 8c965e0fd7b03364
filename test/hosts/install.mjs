/** Other runtimes and bundlers are large, and only the tests of this folder need them: they are not among the root's packages. */

import { install } from "../../scripts/install.mjs";

/** Runs once before the tests. */
export default () => install("runtimes and bundlers for tests, once", "test/hosts");
