/** From now on this page or worker compiles no WebAssembly: what it runs, it was given. */
export function forbidCompiling() {
  WebAssembly.Module = new Proxy(WebAssembly.Module, {
    construct() {
      throw new Error("nothing is compiled here");
    },
  });
}
