import { fileURLToPath } from "node:url";
import { defineConfig, type ViteUserConfig } from "vitest/config";

/**
 * One Vitest configuration for every package: source is resolved through the private condition
 * `@ottla/source`, so tests need no build, and worker threads inherit the same condition.
 */
export function ottlaTests(overrides: ViteUserConfig["test"] = {}): ViteUserConfig {
  const conditions = ["@ottla/source", "node", "import", "module", "default"];
  return defineConfig({
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: conditions } },
    test: {
      include: ["src/**/*.test.ts"],
      setupFiles: [fileURLToPath(new URL("./vitest.setup.ts", import.meta.url))],
      passWithNoTests: true,
      execArgv: ["--conditions=@ottla/source"],
      testTimeout: 30_000,
      hookTimeout: 30_000,
      ...overrides,
    },
  });
}
