import { defineConfig } from "vitest/config";

/**
 * What counts by the clock of the page, watches whether it is seen, takes parts of JupyterLab's
 * place, or waits for a script that the page keeps.
 */
const ALONE = [
  "entry/lab/commands/hostList",
  "entry/lab/plugins",
  "entry/widget/status",
  "entry/widget/widget",
  "transport/attend",
  "ui/controls/clock",
  "ui/instances/lastMinute",
  "ui/panel/host",
].map((name) => `src/${name}.test.{ts,tsx}`);

export default defineConfig({
  // The same JSX as tsconfig.json says.
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: {
    environment: "happy-dom",
    restoreMocks: true,
    unstubGlobals: true,
    onConsoleLog: (message) => {
      throw new Error(`A test printed: ${message}`);
    },
    projects: [
      {
        extends: true,
        // To make a page takes longer than most files need for their tests.
        test: {
          name: "shared",
          include: ["src/**/*.test.{ts,tsx}"],
          exclude: ALONE,
          isolate: false,
        },
      },
      { extends: true, test: { name: "alone", include: ALONE } },
    ],
  },
});
