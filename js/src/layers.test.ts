/// <reference types="vite/client" />
import { expect, it } from "vitest";

/** Each knows only itself and what stands to its left. */
const LAYERS = ["protocol", "transport", "store", "ui", "entry"];
/** What talks to one particular host of the panel: for `entry` alone to choose. */
const DOORS = /transport\/(comm|jupyter|fake)$/;

const sources = import.meta.glob<string>(
  ["./*/*.ts", "./*/*.tsx", "!./*/*.test.*", "!./*/fake*.ts"],
  {
    query: "?raw",
    import: "default",
    eager: true,
  },
);
const imports = Object.entries(sources).flatMap(([path, text]) =>
  Array.from(text.matchAll(/from "(\.[^"]+)"/g), ([, target = ""]) => ({
    file: path,
    layer: path.split("/")[1] ?? "",
    target,
    targetLayer: target.startsWith("../")
      ? (target.split("/")[1] ?? "")
      : (path.split("/")[1] ?? ""),
  })),
);

it("finds the imports that it is to judge", () => {
  expect(imports.length).toBeGreaterThan(50);
  expect(new Set(imports.map(({ layer }) => layer))).toEqual(new Set(LAYERS.slice(1)));
});

it.each(imports)("$file may import $target", ({ layer, target, targetLayer }) => {
  expect(LAYERS.indexOf(targetLayer)).toBeGreaterThanOrEqual(0);
  expect(LAYERS.indexOf(targetLayer)).toBeLessThanOrEqual(LAYERS.indexOf(layer));
  expect(DOORS.test(target) && layer !== "entry").toBe(false);
});
