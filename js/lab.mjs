// Builds the prebuilt JupyterLab extension: `npm run build:lab`, a part of `npm run build`.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** What every page loads of ours, before compression and besides what JupyterLab shares with it. */
const START_LIMIT_BYTES = 60_000;
/** All of it: what opening the sidebar and another language bring later, too. */
const LIMIT_BYTES = 146_000;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const output = here("../lms_jupyter/labextension");

/** A style sheet as text; JupyterLab always says its variables, so what stands in for them goes. */
async function styleOf(path) {
  const { outputFiles } = await build({
    entryPoints: [here(path)],
    bundle: true,
    minify: true,
    write: false,
  });
  return JSON.stringify(withoutFallbacks(outputFiles[0].text).trim());
}

/** `var(--jp-a, anything)` as `var(--jp-a)`. */
function withoutFallbacks(css) {
  let out = "";
  let at = 0;
  for (const { index, 0: begin } of css.matchAll(/var\(--jp-[\w-]+(?=,)/g)) {
    if (index < at) continue;
    let end = index + begin.length;
    for (let depth = 1; depth > 0; end += 1) {
      if (css[end] === "(") depth += 1;
      if (css[end] === ")") depth -= 1;
    }
    out += `${css.slice(at, index)}${begin})`;
    at = end;
  }
  return out + css.slice(at);
}

// Preact comes in; JupyterLab's own modules stay outside and are JupyterLab's. The panel is a script
// of its own, which a page loads when somebody opens the sidebar.
rmSync(here("lib"), { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: { lab: here("src/entry/lab.ts") },
  outdir: here("lib"),
  metafile: true,
  bundle: true,
  splitting: true,
  define: {
    PANEL_CSS: await styleOf("src/ui/panel.css"),
    FRAME_CSS: await styleOf("style/index.css"),
  },
  format: "esm",
  target: "es2022",
  external: ["@jupyterlab/*", "@lumino/*"],
  minify: true,
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  logLevel: "warning",
});

const { status } = spawnSync(
  process.execPath,
  [
    here("node_modules/@jupyter/builder/lib/build-labextension.js"),
    "--core-package-file",
    here("node_modules/@jupyterlab/core-meta/core.package.json"),
    here("."),
  ],
  { stdio: ["ignore", "ignore", "inherit"] },
);
if (status !== 0) process.exit(status ?? 1);

// The version stands in one place, in Python's words; JupyterLab wants it here, in npm's.
const [, version] = readFileSync(here("../lms_jupyter/__init__.py"), "utf8").match(
  /^__version__ = "(.+)"$/m,
);
const described = `${output}/package.json`;
const description = JSON.parse(readFileSync(described, "utf8"));
description.version = version.replace(/^(\d+\.\d+\.\d+)\.?([a-z])/, "$1-$2");
// Types are those of the oldest JupyterLab that we work in, the code works in the newer ones too.
description.dependencies = Object.fromEntries(
  Object.entries(description.jupyterlab.sharedPackages).map(([name, { requiredVersion }]) => [
    name,
    requiredVersion,
  ]),
);
writeFileSync(described, `${JSON.stringify(description, null, 2)}\n`);

/** The bytes of a script and of what it imports at once, each counted once. */
function startOf(script, seen = new Set()) {
  if (seen.has(script)) return 0;
  seen.add(script);
  const { bytes, imports } = metafile.outputs[script];
  const now = imports.filter(({ kind, external }) => kind === "import-statement" && !external);
  return now.reduce((sum, { path }) => sum + startOf(path, seen), bytes);
}

const sizes = readdirSync(`${output}/static`)
  .filter((name) => name.endsWith(".js"))
  .map((name) => ({ name, bytes: statSync(`${output}/static/${name}`).size }));
const all = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
const container = sizes.find(({ name }) => name.startsWith("remoteEntry."))?.bytes ?? 0;
const entry = Object.keys(metafile.outputs).find((path) => path.endsWith("lib/lab.js"));
const start = container + startOf(entry);
process.stdout.write(`labextension: ${start} bytes with a page, ${all} in all\n`);
for (const [bytes, limit, what] of [
  [start, START_LIMIT_BYTES, "What every page loads"],
  [all, LIMIT_BYTES, "The labextension"],
]) {
  if (bytes <= limit) continue;
  process.stderr.write(`${what} is over its ${limit} bytes: ${bytes}.\n`);
  process.exitCode = 1;
}
