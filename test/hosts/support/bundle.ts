/**
 * The contract suite as one module for one kind of host: the test files as they are, with everything they import but the package itself.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./project.js";

/**
 * Writes the module.
 * @param delivery How its report gets out, a file of `test/hosts/suite`.
 */
export async function bundleSuite(delivery: "program" | "page", outfile: string): Promise<void> {
  const files = readdirSync(join(root, "test/contract"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => `./test/contract/${file.replaceAll("\\", "/")}`);
  const contents = `
    import { run } from "./test/hosts/suite/run.ts";
    import { deliver } from "./test/hosts/suite/${delivery}.ts";
    deliver(run({${files.map((file) => `${JSON.stringify(file)}: () => import(${JSON.stringify(file)})`)}}));`;
  const vitest = join(root, "test/hosts/suite/vitest.ts");
  await build({
    stdin: { contents, resolveDir: root },
    outfile,
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    // A program imports the package by its name, so that its host resolves it; browsers resolve no names, and have no modules of Node.
    ...(delivery === "program"
      ? { external: ["tallygrad", "node:crypto"], alias: { vitest } }
      : { alias: { vitest, "node:crypto": join(root, "test/hosts/suite/crypto.ts") } }),
    define: { "process.env.TEST_SEED": JSON.stringify(process.env.TEST_SEED) ?? "undefined" },
    logLevel: "warning",
  });
}
