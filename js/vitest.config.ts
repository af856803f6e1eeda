import { defineConfig } from "vitest/config";

export default defineConfig({
  // The same JSX as tsconfig.json says.
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    unstubGlobals: true,
    onConsoleLog: (message) => {
      throw new Error(`A test printed: ${message}`);
    },
  },
});
