/// <reference types="vite/client" />
import type { JupyterFrontEnd } from "@jupyterlab/application";
import { CommandRegistry } from "@lumino/commands";
import { expect, it, vi } from "vitest";
import engine from "../../../../tests/wire_samples/activity_engine.json" with { type: "json" };
import type { Activity, Command } from "../../protocol/protocol";

// They need a page of JupyterLab; nothing of them is drawn here.
const asked = vi.hoisted(() => ({ items: [] as string[], chosen: "" }));
vi.mock("@jupyterlab/ui-components", () => ({ LabIcon: class {} }));
vi.mock("@jupyterlab/services", () => ({}));
vi.mock("@jupyterlab/apputils", () => ({
  InputDialog: {
    async getItem({ items }: { items: string[] }) {
      asked.items = items;
      return { value: asked.chosen };
    },
  },
}));

import { addCommands } from "./commands";
import { ENGLISH, type Strings } from "./strings";
import { translationFor } from "./translation";
import { addTutorials } from "./tutorials";

const sources = import.meta.glob<string>(
  ["../../ui/**/*.tsx", "../../protocol/protocol.ts", "./commands.ts", "!../../ui/**/*.test.tsx"],
  { query: "?raw", import: "default", eager: true },
);
const read = (path: string) => sources[path] ?? "";
const kindsIn = (text: string) => [...text.matchAll(/kind: "(\w+)"/g)].map(([, kind]) => kind);

/** What goes without a command: questions with no effect, and word that somebody looks. */
const WITHOUT = ["estimate", "attend", "find_downloads", "list_hosts", "list_profiles"];
/** What belongs to one row or one form in sight, and makes no sense from elsewhere. */
const IN_SIGHT = [
  "load_again",
  "reload",
  "download",
  "pause_download",
  "resume_download",
  "cancel_download",
  "switch_host",
  "save_profile",
];

it("has a command for whatever the panel can ask of a host", () => {
  const protocol = read("../../protocol/protocol.ts");
  const [, names = ""] = /export type Command =([^;]+);/.exec(protocol) ?? [];
  const commands = new Set(
    (names.match(/\w+/g) ?? []).flatMap((name) =>
      kindsIn(protocol.split(`export interface ${name} {`)[1]?.split("}")[0] ?? ""),
    ),
  );
  const asked = Object.entries(sources).flatMap(([path, text]) =>
    path.startsWith("../../ui") ? kindsIn(text) : [],
  );
  const panel = new Set(asked.filter((kind) => commands.has(kind)));
  const bound = new Set(kindsIn(read("./commands.ts")));

  expect(panel.size).toBeGreaterThanOrEqual(6);
  expect(
    [...panel].filter(
      (kind) => !bound.has(kind) && ![...WITHOUT, ...IN_SIGHT].includes(kind ?? ""),
    ),
  ).toEqual([]);
});

/** Our commands in a registry of JupyterLab's, what is in the palette, and what is sent. */
function setUp(strings: Strings, activity: Activity | null = null) {
  const commands = new CommandRegistry();
  const palette: { command: string; category: string }[] = [];
  const sent: Command[] = [];
  const list = { addItem: (item: (typeof palette)[0]) => palette.push(item) };
  const store = { get: () => ({ activity }), send: async (one: Command) => sent.push(one) };
  const deps = { desk: { store }, strings, palette: list, underMenu: () => null };
  const app = { commands } as unknown as JupyterFrontEnd;
  addCommands(app, deps as unknown as Parameters<typeof addCommands>[1]);
  addTutorials(app, null, list as never, strings);
  return { commands, palette, sent };
}

it.each([
  ["en", "Local models"],
  ["de", "Lokale Modelle"],
])("has all of its commands in the palette under one name in %s", async (lang, category) => {
  const { strings = ENGLISH } = (await translationFor(lang)) ?? {};
  const { commands, palette } = setUp(strings);

  expect(palette.map(({ command }) => command).sort()).toEqual(commands.listCommands().sort());
  expect(new Set(palette.map((item) => item.category))).toEqual(new Set([category]));
  const labels = palette.map(({ command }) => commands.label(command));
  expect(labels.filter((label) => !label.startsWith(`${category}: `))).toEqual([]);
  expect(new Set(labels).size).toBe(palette.length);
});

it("asks which of two devices is meant, and names that instance", async () => {
  const activity = engine as unknown as Activity;
  const [here] = activity.instances;
  const there = { ...here, instance_reference: "ref-there", device: "0f", device_name: "gpu-box" };
  const instances = [here, there] as Activity["instances"];
  const { commands, sent } = setUp(ENGLISH, { ...activity, instances });
  asked.chosen = "chat (gpu-box)";

  await commands.execute("lms:pin", { identifier: "chat", pinned: true });
  await commands.execute("lms:unload", { sure: true });

  expect(asked.items).toEqual(["chat", "chat (gpu-box)"]);
  const named = { identifier: "chat", instance_reference: "ref-there" };
  expect(sent).toEqual([
    { kind: "pin", ...named, pinned: true },
    { kind: "unload", ...named },
  ]);
});
