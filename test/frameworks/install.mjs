/** The frameworks of examples are large, and nothing else needs them: they are not among the root's packages. */

import { install } from "../../scripts/install.mjs";

/** Runs once before the tests. */
export default async function installFrameworks() {
  for (const example of ["tensorflow", "jax"])
    await install(`what examples/${example} needs, once`, `examples/${example}`);
  for (const example of ["usearch", "arrow"])
    await install(`what examples/${example} needs, once`, `examples/${example}`, { optional: true });
}
