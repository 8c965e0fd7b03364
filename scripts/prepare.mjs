/**
 * Makes a clone ready for use: installs npm packages if the lock file is newer than they are, then builds. `npm run demo`, `npm test` and
 * `npm run bench` call it first, so that one command is enough on a fresh clone.
 */

import { install } from "./install.mjs";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (!(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19))) {
  process.stderr.write(`tallygrad needs Node ^20.19.0 or >=22.12.0; this is ${process.versions.node}.\n`);
  process.exit(1);
}

await install("npm packages");
await import("./build.mjs");
