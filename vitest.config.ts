import { defineConfig } from "vitest/config";

/** The suites that hold for a backend, run against each of them. */
const backends = ["native", "wasm"].map((backend) => ({
  extends: true as const,
  test: {
    name: backend,
    include: ["test/contract/**/*.test.ts", "test/process/**/*.test.ts"],
    env: { TALLYGRAD_BACKEND: backend },
  },
}));

export default defineConfig({
  test: {
    reporters: ["default"],
    testTimeout: 30_000,
    projects: [
      ...backends,
      {
        extends: true,
        test: {
          name: "package",
          include: [
            "test/*.test.ts",
            "test/oracle/*.test.ts",
            "test/files/*.test.ts",
            "test/formats/*.test.ts",
            "test/models/**/*.test.ts",
            "test/synthetic/*.test.ts",
            "test/cli/*.test.ts",
            "examples/**/*.test.ts",
            "bench/**/*.test.ts",
            "web/**/*.test.ts",
          ],
          // Source errors are for `tsc`, which CI runs by itself.
          typecheck: { enabled: true, include: ["test/**/*.test-d.ts"], ignoreSourceErrors: true },
        },
      },
      {
        extends: true,
        test: {
          name: "hosts",
          include: ["test/hosts/*.test.ts"],
          globalSetup: "test/hosts/install.mjs",
          testTimeout: 150_000,
          // Each of them keeps a core busy.
          maxConcurrency: 2,
        },
      },
      {
        extends: true,
        test: {
          name: "frameworks",
          include: ["test/frameworks/*.test.ts"],
          globalSetup: "test/frameworks/install.mjs",
          testTimeout: 120_000,
        },
      },
      { extends: true, test: { name: "browser", include: ["test/browser/**/*.test.ts"], testTimeout: 60_000 } },
    ],
  },
});
