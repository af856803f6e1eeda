/// <reference types="vite/client" />
import { expect, it } from "vitest";

/** Each knows only itself and what stands to its left. */
const LAYERS = ["protocol", "transport", "store", "ui", "entry"];
/** The rooms of `ui`, by the floor they are on: each knows its own room and the floors below. */
const FLOORS = [
  ["text"],
  ["controls"],
  ["loadForm", "instances", "status"],
  ["models"],
  ["panel"],
  ["snapshot"],
];
/** What talks to one particular host of the panel: for `entry` alone to choose. */
const DOORS = /^transport\/(comm|jupyter|fake)$/;

const sources = import.meta.glob<string>(
  ["./**/*.ts", "./**/*.tsx", "!./**/*.test.*", "!./**/fake*.ts"],
  {
    query: "?raw",
    import: "default",
    eager: true,
  },
);

interface Import {
  readonly file: string;
  readonly target: string;
}

/** A path from `src`, without its ending, for an import that is written relative to a file. */
function resolve(file: string, target: string): string {
  const { pathname } = new URL(target, `file:///${file}`);
  return pathname.slice(1);
}

const imports = Object.entries(sources).flatMap(([path, text]): Import[] => {
  const file = path.slice("./".length);
  return Array.from(
    text.matchAll(/(?:from|import\() ?"(\.[^"]+)"/g),
    ([, target = ""]): Import => ({ file, target: resolve(file, target) }),
  );
});
const layer = (path: string) => LAYERS.indexOf(path.split("/")[0] ?? "");
const room = (path: string) => path.split("/")[1] ?? "";
const floor = (path: string) => FLOORS.findIndex((rooms) => rooms.includes(room(path)));
const inRooms = imports.filter(({ file, target }) =>
  [file, target].every((path) => path.startsWith("ui/")),
);

it("finds the imports that it is to judge", () => {
  expect(imports.length).toBeGreaterThan(300);
  expect(new Set(imports.map(({ file }) => layer(file)))).toEqual(new Set([1, 2, 3, 4]));
  expect(new Set(inRooms.map(({ file }) => room(file)))).toEqual(new Set(FLOORS.flat()));
});

it.each(imports)("$file may import $target", ({ file, target }) => {
  expect(layer(target)).toBeGreaterThanOrEqual(0);
  expect(layer(target)).toBeLessThanOrEqual(layer(file));
  expect(DOORS.test(target) && !file.startsWith("entry/")).toBe(false);
});

it.each(inRooms)("$file is on no lower floor than $target", ({ file, target }) => {
  expect(floor(target)).toBeGreaterThanOrEqual(0);
  expect(room(file) === room(target) || floor(target) < floor(file)).toBe(true);
});

it("has no circle of files, be it by a type alone", () => {
  const targets = new Map<string, string[]>();
  for (const { file, target } of imports) {
    const from = file.replace(/(\.d)?\.tsx?$/, "");
    targets.set(from, [...(targets.get(from) ?? []), target]);
  }
  const done = new Set<string>();
  const circles: string[] = [];
  function visit(file: string, trail: readonly string[]): void {
    if (trail.includes(file)) circles.push([...trail, file].join(" → "));
    if (done.has(file)) return;
    done.add(file);
    for (const target of targets.get(file) ?? []) visit(target, [...trail, file]);
  }
  for (const file of targets.keys()) visit(file, []);

  expect(circles).toEqual([]);
});

it("makes the subjects of clicks in one place", () => {
  const makers = Object.entries(sources).filter(([, text]) => /\bas Subject\b/.test(text));

  expect(makers.map(([path]) => path)).toEqual(["./store/pending.ts"]);
});
