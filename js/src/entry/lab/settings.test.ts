import { expect, it } from "vitest";
import schema from "../../../schema/sidebar.json" with { type: "json" };

const settings: [string, { type?: string; title?: string; description?: string }][] =
  Object.entries(schema.properties);

it("says what every setting is for, once: JupyterLab's form has a list's description twice", () => {
  const lists = settings.filter(([, { type }]) => type === "array");
  expect(lists.map(([name]) => name)).toEqual(["hosts"]);

  for (const [name, { type, title, description }] of settings) {
    expect(title, name).toBeTruthy();
    expect(description === undefined, name).toBe(type === "array");
  }
});
