/** Bundlers as users call them: their own commands, without plugins and without configuration, in a folder with a page. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execute, start } from "./execute.js";
import { makeProject, type Project, root, writePage } from "./project.js";
import { type Server, serve } from "./server.js";

/** A page that can be opened. */
export type Site = Server;

export interface Bundler {
  readonly name: string;
  /** Makes a site of the page that `entry` is the script of, a file of `test/hosts/pages`. */
  readonly open: (entry: string) => Promise<Site>;
}

const tool = (path: string): string => fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url));

/** Rollup resolves no names without a plugin, so what it bundles gives a path. */
const byPath = (entry: string): string => entry.replace("main.js", "by-path.js");

export const bundlers: readonly Bundler[] = [
  viteBuild("vite7"),
  viteServer("vite7"),
  viteBuild("vite8"),
  viteServer("vite8"),
  command("webpack", (entry, out) => [join(root, "test/hosts/support/webpack.mjs"), entry, out]),
  command("esbuild", (entry, out) => [tool("esbuild/bin/esbuild"), entry, "--bundle", `--outfile=${out}/bundle.js`]),
  command("rollup", (entry, out) => [tool("rollup/dist/bin/rollup"), byPath(entry), "--file", `${out}/bundle.js`]),
];

function viteBuild(vite: "vite7" | "vite8"): Bundler {
  const open = async (entry: string): Promise<Site> => {
    const project = pageProject(entry);
    await execute([process.execPath, tool(`${vite}/bin/vite.js`), "build", "--outDir", "out"], project.folder);
    return await siteOf(project);
  };
  return { name: `${vite} build`, open };
}

function viteServer(vite: "vite7" | "vite8"): Bundler {
  const open = async (entry: string): Promise<Site> => {
    const project = pageProject(entry);
    const command = [process.execPath, tool(`${vite}/bin/vite.js`), "--host", "127.0.0.1"] as const;
    const { child, match: url } = await start(command, project.folder, /http:\/\/127\.0\.0\.1:\d+\//);
    const close = async (): Promise<void> => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await ended;
      project[Symbol.dispose]();
    };
    return { url, [Symbol.asyncDispose]: close };
  };
  return { name: `${vite} dev server`, open };
}

/** A bundler that is told the script, and writes `bundle.js` into the folder `out`. */
function command(name: string, arguments_: (entry: string, out: string) => readonly string[]): Bundler {
  const open = async (entry: string): Promise<Site> => {
    const project = pageProject(entry);
    await execute([process.execPath, ...arguments_(`./${entry}`, "out")], project.folder);
    writePage(join(project.folder, "out"), "bundle.js");
    return await siteOf(project);
  };
  return { name, open };
}

/** A user's folder with the pages of this test, and `entry` as the script of its own. */
function pageProject(entry: string): Project {
  const project = makeProject("pages");
  writePage(project.folder, entry);
  return project;
}

/** What a bundler wrote into `out`. */
async function siteOf(project: Project): Promise<Site> {
  const server = await serve(join(project.folder, "out"));
  const close = async (): Promise<void> => {
    await server[Symbol.asyncDispose]();
    project[Symbol.dispose]();
  };
  return { url: server.url, [Symbol.asyncDispose]: close };
}
