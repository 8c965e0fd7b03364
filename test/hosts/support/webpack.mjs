/**
 * `webpack.mjs <entry> <folder>`: webpack's defaults. Its command is a package of its own, of which this is all that is needed. Warnings
 * count as errors, but for the advice that half a megabyte is large.
 */
import { resolve } from "node:path";
import webpack from "webpack";

const [entry, folder = ""] = process.argv.slice(2);
const output = { path: resolve(folder), filename: "bundle.js" };
webpack(
  { mode: "production", context: process.cwd(), entry, output, performance: { hints: false } },
  (error, stats) => {
    if (error === null && !stats.hasErrors() && !stats.hasWarnings()) return;
    console.error(error ?? stats.toString());
    process.exitCode = 1;
  },
);
