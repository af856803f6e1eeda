// Builds the panel for anywidget: `npm run build`. `npm run dev` builds the design page instead.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** Every widget's state carries the first part, and so does every saved notebook: it stays small. */
const LIMIT_BYTES = 14_000;

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

/**
 * Write the panel in two parts: `panel.js` is anywidget's script, `live.js` comes later.
 *
 * A script that comes as a message cannot import another by its name. What both parts need is
 * therefore in the first, which hands it to the second as an argument. The sidebar gets the
 * same two from the Jupyter Server, and asks the first to `run` the second.
 */
async function buildParts() {
  const parts = await build({
    ...common,
    entryPoints: {
      widget: here("src/entry/widget/widget.ts"),
      live: here("src/entry/widget/live.ts"),
    },
    outdir,
    splitting: true,
    write: false,
  });
  const texts = new Map(parts.outputFiles.map(({ path, text }) => [path.split("/").at(-1), text]));
  const [shared, ...others] = [...texts.keys()].filter((name) => name.startsWith("chunk-"));
  if (shared === undefined || others.length > 0) throw new Error("The parts share one chunk.");
  const inMemory = {
    name: "in-memory",
    setup(step) {
      step.onResolve({ filter: /^\.\// }, ({ path }) => ({
        path: path.slice(2),
        namespace: "part",
      }));
      step.onLoad({ filter: /.*/, namespace: "part" }, ({ path }) => ({
        contents: texts.get(path),
      }));
    },
  };
  const first = `
    import * as shared from "./${shared}";
    import { runPart, widget } from "./widget.js";
    export const run = (script) => runPart(script, shared);
    export default widget(run);
  `;
  await build({
    ...common,
    stdin: { contents: first, resolveDir: outdir },
    outfile: `${outdir}/panel.js`,
    plugins: [inMemory],
  });
  await build({
    ...common,
    stdin: { contents: texts.get("live.js"), resolveDir: outdir },
    outfile: `${outdir}/live.js`,
    format: "cjs",
    external: [`./${shared}`],
    banner: { js: "export default (shared) => { const module = {}, require = () => shared;" },
    footer: { js: "return module.exports; };" },
  });
}

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
  await buildParts();
  const sizes = ["panel.js", "live.js", "panel.css", "status.js", "status.css"].map((name) => {
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
