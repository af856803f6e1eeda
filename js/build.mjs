// Builds the panel for anywidget: `npm run build`. `npm run dev` builds the design page instead.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { buildParts } from "./parts.mjs";

/** Every widget's state carries the first part, and so does every saved notebook: it stays small. */
const FIRST_BYTES = 14_000;
/** All that a live panel needs, its style too; what opens in it comes with its first use. */
const LIVE_BYTES = 40_000;
const DETAILS_BYTES = 20_000;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const dev = process.argv.includes("--dev");
const outdir = here(dev ? "dev/built" : "../lms_jupyter/widgets/static");

const common = {
  bundle: true,
  format: "esm",
  target: "es2021",
  minify: !dev,
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  logLevel: "warning",
};

await build({
  ...common,
  entryPoints: [
    ...(dev ? [{ in: here("dev/dev.ts"), out: "panel" }] : []),
    { in: here("src/ui/panel/panel.css"), out: "panel" },
    { in: here("src/entry/widget/status.ts"), out: "status" },
    { in: here("src/ui/status/status.css"), out: "status" },
  ],
  outdir,
});

if (!dev) {
  await buildParts(common, here, outdir);
  const sizes = new Map();
  for (const name of [
    "panel.js",
    "live.js",
    "panel.css",
    "details.js",
    "status.js",
    "status.css",
  ]) {
    const text = readFileSync(`${outdir}/${name}`);
    const zipped = gzipSync(text, { level: 9 }).length;
    sizes.set(name, zipped);
    process.stdout.write(`${name}: ${text.length} bytes, ${zipped} gzipped\n`);
  }
  const sum = (...names) => names.reduce((bytes, name) => bytes + sizes.get(name), 0);
  const held = (what, bytes, limit) => {
    if (bytes <= limit) return;
    process.stderr.write(`${what} is over its ${limit} bytes: ${bytes}.\n`);
    process.exitCode = 1;
  };
  const live = sum("panel.js", "live.js", "panel.css");
  process.stdout.write(`a live panel: ${live} gzipped\n`);
  held("panel.js", sum("panel.js"), FIRST_BYTES);
  held("A live panel", live, LIVE_BYTES);
  held("details.js", sum("details.js"), DETAILS_BYTES);
}
