// Builds the prebuilt JupyterLab extension: `npm run build:lab`, a part of `npm run build`.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** What the frame calls its sentences and its server's part, where no other interface has such a name. */
const OURS =
  /^(addHost|addThis|allHosts|anyHost|assist|assisted|cancelLoad|choose|connection|copyKey|copyLine|copyName|copyPath|copyPython|deleteBody|deleteModel|deleteThis|engineRuns|folderIs|hasInstances|hostAddress|hostName|hostToken|inMemory|insertLine|insertPython|kernelFallback|knowsMagics|lastUsed|loadThis|manageHosts|mayStart|modelOfNotebook|nextUnload|noHost|noServer|notOnHost|notThere|nowhere|onDisk|onHost|openFolder|openNotebook|openTutorials|preferences|removeBody|removeHost|removeThis|renameHost|setTtl|startEngine|strings|switchHost|tryPrompt|tutorialsCaption|unloadAll|unloadAllBody|unloadBody|unloadThis|writing)$/;

/** All of ours, before compression and besides what JupyterLab shares; every language is in it. */
const LIMIT_BYTES = 72_000;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const output = here("../lms_jupyter/labextension");

const { outputFiles } = await build({
  entryPoints: [here("style/index.css")],
  bundle: true,
  minify: true,
  write: false,
});

// JupyterLab's own modules stay outside and are JupyterLab's. So does the panel: whoever opens the
// sidebar gets the script of the notebook cells from the Jupyter Server.
rmSync(here("lib"), { recursive: true, force: true });
await build({
  entryPoints: { lab: here("src/entry/lab/index.ts") },
  outdir: here("lib"),
  bundle: true,
  splitting: true,
  define: {
    FRAME_CSS: JSON.stringify(outputFiles[0].text.trim()),
  },
  format: "esm",
  target: "es2022",
  external: ["@jupyterlab/*", "@lumino/*"],
  // The builder shortens the rest, and needs the comments that say which imports are not its own.
  minifySyntax: true,
  mangleProps: OURS,
  legalComments: "none",
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

const all = readdirSync(`${output}/static`)
  .filter((name) => name.endsWith(".js"))
  .reduce((sum, name) => sum + statSync(`${output}/static/${name}`).size, 0);
process.stdout.write(`labextension: ${all} bytes\n`);
if (all > LIMIT_BYTES) {
  process.stderr.write(`The labextension is over its ${LIMIT_BYTES} bytes.\n`);
  process.exitCode = 1;
}
