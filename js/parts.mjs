// Splits the panel's script into the parts that come to a page one after the other.
import { readdirSync, readFileSync } from "node:fs";
import { build } from "esbuild";

/** In the order in which they come, with the files that they are written to. */
const PARTS = { widget: "panel", live: "live", details: "details" };

/**
 * Write the panel in three parts: `panel.js` is anywidget's script, `live.js` comes later, and
 * `details.js`, which is what opens in a panel, with its first use.
 *
 * A script that comes as a message cannot import another by its name. What several parts need is
 * therefore in the first of them, which hands it to those after it as an argument. The sidebar gets
 * the same three from the Jupyter Server, and asks the first to `run` the others.
 */
export async function buildParts(common, here, outdir) {
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints: Object.keys(PARTS).map((part) => here(`src/entry/widget/${part}.ts`)),
    outdir,
    splitting: true,
    write: false,
    metafile: true,
    mangleProps: sentences(here("src/ui")),
  });
  const texts = new Map(outputFiles.map(({ path, text }) => [fileOf(path), text]));
  const names = new Map();
  for (const [part, file] of Object.entries(PARTS)) {
    const before = new Map(names);
    const own = chunksOf(part, metafile).filter((chunk) => !names.has(chunk));
    for (const chunk of own) names.set(chunk, `c${names.size}`);
    await build({
      ...common,
      ...(part === "widget" ? {} : LATER),
      stdin: { contents: partText(part, own, names), resolveDir: outdir },
      outfile: `${outdir}/${file}.js`,
      plugins: [inMemory(texts, before)],
    });
  }
}

/**
 * What the panel calls its sentences, where that is more than one word: a page needs none of these
 * names, and no object of the browser's or of the protocol's has them. One that stands between
 * quotes somewhere may be asked for by its name, and keeps it.
 */
function sentences(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((file) => /\.tsx?$/.test(file));
  const texts = files.map((file) => [file, readFileSync(`${folder}/${file}`, "utf8")]);
  const quoted = new Set(
    texts.flatMap(([, text]) => [...text.matchAll(/"(\w+)"/g)].map(([, word]) => word)),
  );
  const names = texts
    .filter(([file]) => file.endsWith("Strings.ts"))
    .flatMap(([, text]) =>
      [...text.matchAll(/^ {2}([a-z]+[A-Z]\w*)[:(]/gm)].map(([, name]) => name),
    )
    .filter((name) => !quoted.has(name));
  return new RegExp(`^(${[...new Set(names)].join("|")})$`);
}

/** A later part is a function of what those before it have for it. */
const LATER = {
  format: "cjs",
  banner: {
    js: "export default (chunks) => { const module = {}, require = (name) => chunks[name];",
  },
  footer: { js: "return module.exports; };" },
};

/** A part, and what it has for those after it. */
function partText(part, own, names) {
  const handed = own.map((chunk) => `${names.get(chunk)}: ${names.get(chunk)}`).join(", ");
  const first = `
    import { runPart, widget } from "./widget.js";
    export const run = (script) => runPart(script, chunks);
    export default widget(run);`;
  return `
    ${own.map((chunk) => `import * as ${names.get(chunk)} from "./${chunk}";`).join("\n")}
    ${part === "widget" ? first : `export * from "./${part}.js"; export { chunks };`}
    const chunks = { ${handed} };`;
}

/** Reads what was split; what the page has by then is asked for by its name. */
function inMemory(texts, before) {
  return {
    name: "in-memory",
    setup(step) {
      step.onResolve({ filter: /^\.\// }, ({ path }) => {
        const file = fileOf(path);
        return before.has(file)
          ? { path: before.get(file), external: true }
          : { path: file, namespace: "part" };
      });
      step.onLoad({ filter: /.*/, namespace: "part" }, ({ path }) => ({
        contents: texts.get(path),
      }));
    },
  };
}

/** What a part shares with others, by the files that it was split into. */
function chunksOf(part, { outputs }) {
  const known = new Map(Object.entries(outputs).map(([path, output]) => [fileOf(path), output]));
  const found = new Set();
  const visit = (file) => {
    for (const { path } of known.get(file).imports) {
      const chunk = fileOf(path);
      if (found.has(chunk)) continue;
      found.add(chunk);
      visit(chunk);
    }
  };
  visit(`${part}.js`);
  return [...found];
}

function fileOf(path) {
  return path.split("/").at(-1);
}
