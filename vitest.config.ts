import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "examples/**/*.test.ts", "bench/**/*.test.ts"],
    // Source errors are for `tsc`, which CI runs by itself.
    typecheck: { enabled: true, include: ["test/**/*.test-d.ts"], ignoreSourceErrors: true },
    reporters: ["default"],
    testTimeout: 30_000,
  },
});
