import { expect, it } from "vitest";
import schema from "../../../schema/sidebar.json" with { type: "json" };
import { GERMAN } from "./german";
import { translated } from "./settings";
import { ENGLISH } from "./strings";
import { translationFor } from "./translation";

interface Property {
  title?: string;
  description?: string;
  properties?: Record<string, Property>;
  items?: Property;
}

function paths(node: Property, path = ""): [string, Property][] {
  const inside = Object.entries(node.properties ?? {}).flatMap(([name, property]) =>
    paths(property, path === "" ? name : `${path}.${name}`),
  );
  const items = node.items ? paths(node.items, `${path}.items`) : [];
  return [[path, node], ...inside, ...items];
}

it("says every setting's title and description in German, and no other's", () => {
  const known = paths(schema);

  expect(Object.keys(GERMAN.settings).sort()).toEqual(known.map(([path]) => path).sort());
  for (const [path, { title, description }] of known) {
    const german = GERMAN.settings[path];
    expect(typeof german?.title, path).toBe(typeof title);
    expect(typeof german?.description, path).toBe(typeof description);
  }
});

it("changes nothing of a schema but what people read", () => {
  const german: Property = translated(schema as Property, GERMAN.settings);

  expect(german.title).toBe("Lokale Modelle");
  expect(german.properties?.notices?.properties?.lost?.title).toBe("Der Host antwortet nicht mehr");
  expect(german.properties?.hosts?.items?.title).toBe("Adresse");
  const without = (node: object) =>
    JSON.stringify(node, (key, value) =>
      (key === "title" || key === "description") && typeof value === "string" ? undefined : value,
    );
  expect(without(german)).toBe(without(schema));
});

it("has a German sentence for every English one", () => {
  for (const [name, said] of Object.entries(ENGLISH)) {
    const german = GERMAN.strings[name as keyof typeof ENGLISH];
    const tell = (one: typeof said) =>
      typeof one === "string" ? one : (one as (...words: unknown[]) => string)(7, 8);
    expect(tell(german).length, name).toBeGreaterThan(0);
    if (!["host"].includes(name)) expect(tell(german), name).not.toBe(tell(said));
  }
});

it("speaks German where the page does, and English elsewhere", async () => {
  for (const lang of ["de", "de-DE", "de_AT", "DE"])
    expect(await translationFor(lang)).toBe(GERMAN);
  for (const lang of ["en", "", "default", "fr-FR", "den"]) {
    expect(await translationFor(lang)).toBeNull();
  }
});
