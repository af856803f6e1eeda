// Builds the panel for anywidget: `npm run build`. `npm run dev` builds the design page instead.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** Every widget's state carries the script, and so does every saved notebook: it stays small. */
const LIMIT_BYTES = 25_000;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const dev = process.argv.includes("--dev");
const outdir = here(dev ? "dev/built" : "../lms_jupyter/panel/static");

await build({
  entryPoints: [
    { in: here(dev ? "dev/dev.ts" : "src/entry/widget.ts"), out: "panel" },
    { in: here("src/ui/panel.css"), out: "panel" },
    { in: here("src/entry/status.ts"), out: "status" },
    { in: here("src/ui/status.css"), out: "status" },
  ],
  outdir,
  bundle: true,
  format: "esm",
  target: "es2021",
  minify: !dev,
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  logLevel: "warning",
});

if (!dev) {
  const sizes = ["panel.js", "panel.css", "status.js", "status.css"].map((name) => {
    const text = readFileSync(`${outdir}/${name}`);
    return { name, bytes: text.length, zipped: gzipSync(text, { level: 9 }).length };
  });
  for (const { name, bytes, zipped } of sizes) {
    process.stdout.write(`${name}: ${bytes} bytes, ${zipped} gzipped\n`);
  }
  if (sizes[0].zipped > LIMIT_BYTES) {
    process.stderr.write(`panel.js is over its ${LIMIT_BYTES} bytes.\n`);
    process.exitCode = 1;
  }
}
