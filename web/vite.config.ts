/** `vite web` serves the page while one works on it; `npm run web` builds it and serves what was built. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  // Works in whatever folder the files are put.
  base: "./",
  build: {
    outDir: fileURLToPath(new URL("../build/web", import.meta.url)),
    emptyOutDir: true,
    target: "es2022",
    // The worker holds the whole kernel.
    chunkSizeWarningLimit: 1000,
  },
  worker: { format: "es" },
});
