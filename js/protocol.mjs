// Turns Python's JSON Schema and table of load settings into TypeScript: `npm run protocol`, or
// `--check` to see if they are fresh.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compile } from "json-schema-to-typescript";

const root = fileURLToPath(new URL("..", import.meta.url));
const venv = `${root}.venv/bin/python`;
const python = process.env.PYTHON || (existsSync(venv) ? venv : "python3");
const banner = "// Generated from lms_jupyter/protocol by `npm run protocol`. Do not edit.\n";

const print = (module) =>
  execFileSync(python, ["-m", `lms_jupyter.protocol.${module}`], { cwd: root, encoding: "utf8" });

/** What the form offers, and the English words for it. */
function loadKeys() {
  const { fields, labels, help, flags, usual } = JSON.parse(print("load_keys"));
  const written = (value) => JSON.stringify(value, null, 2);
  const inLine = (field) => `  ${JSON.stringify(field)},`;
  return [
    banner,
    `export const FIELDS = [\n${fields.map(inLine).join("\n")}\n] as const;\n`,
    `export const LABELS = ${written(labels)};\n`,
    `export const HELP = ${written(help)};\n`,
    `export const FLAGS = ${written(flags)};\n`,
    `/** What the embedded engine takes where nothing is said. */\nexport const USUAL = ${written(usual)};\n`,
  ].join("\n");
}

const files = {
  "protocol.ts": await compile(JSON.parse(print("schema")), "Protocol", {
    bannerComment: banner,
    additionalProperties: false,
    format: true,
    style: { printWidth: 100 },
  }),
  "loadKeys.ts": loadKeys(),
};

for (const [name, generated] of Object.entries(files)) {
  const target = fileURLToPath(new URL(`src/protocol/${name}`, import.meta.url));
  if (!process.argv.includes("--check")) {
    writeFileSync(target, generated);
  } else if (!existsSync(target) || readFileSync(target, "utf8") !== generated) {
    process.stderr.write(`src/protocol/${name} is stale: run \`npm run protocol\`.\n`);
    process.exitCode = 1;
  }
}
