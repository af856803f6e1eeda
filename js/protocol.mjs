// Turns Python's JSON Schema into TypeScript: `npm run protocol`, or `--check` to see if it is fresh.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compile } from "json-schema-to-typescript";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = fileURLToPath(new URL("src/protocol/protocol.ts", import.meta.url));
const venv = `${root}.venv/bin/python`;
const python = process.env.PYTHON || (existsSync(venv) ? venv : "python3");

const schema = execFileSync(python, ["-m", "lms_jupyter.protocol.schema"], {
  cwd: root,
  encoding: "utf8",
});
const generated = await compile(JSON.parse(schema), "Protocol", {
  bannerComment: "// Generated from lms_jupyter/protocol by `npm run protocol`. Do not edit.\n",
  additionalProperties: false,
  format: true,
  style: { printWidth: 100 },
});

if (!process.argv.includes("--check")) {
  writeFileSync(target, generated);
} else if (!existsSync(target) || readFileSync(target, "utf8") !== generated) {
  process.stderr.write("src/protocol/protocol.ts is stale: run `npm run protocol`.\n");
  process.exitCode = 1;
}
