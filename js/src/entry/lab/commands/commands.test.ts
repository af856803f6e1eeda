/// <reference types="vite/client" />
import type { JupyterFrontEnd } from "@jupyterlab/application";
import { CommandRegistry } from "@lumino/commands";
import { expect, it, vi } from "vitest";
import engine from "../../../../../tests/wire_samples/activity_engine.json" with { type: "json" };
import type { Activity, Command } from "../../../protocol/protocol";

// They need a page of JupyterLab; nothing of them is drawn here.
const asked = vi.hoisted(() => ({ items: [] as string[], chosen: "" }));
vi.mock("@jupyterlab/apputils", () => ({
  InputDialog: {
    async getItem({ items }: { items: string[] }) {
      asked.items = items;
      return { value: asked.chosen };
    },
  },
}));

import { addCommands } from "../addCommands";
import type { ModelHub } from "../hub";
import { ENGLISH } from "../strings";
import { CommandContext } from "./context";
import { commandTable } from "./table";

const sources = import.meta.glob<string>(
  [
    "../../../ui/**/*.tsx",
    "../../../protocol/protocol.ts",
    "./*.ts",
    "!./*.test.ts",
    "!../../../ui/**/*.test.tsx",
  ],
  { query: "?raw", import: "default", eager: true },
);
const read = (path: string) => sources[path] ?? "";
const kindsIn = (text: string) => [...text.matchAll(/kind: "(\w+)"/g)].map(([, kind]) => kind);

/** What goes without a command: questions with no effect, and word that somebody looks. */
const WITHOUT = [
  "estimate",
  "attend",
  "find_downloads",
  "list_hosts",
  "list_profiles",
  "read_diary",
];
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
  "wake_studio",
];

it("has a command for whatever the panel can ask of a host", () => {
  const protocol = read("../../../protocol/protocol.ts");
  const [, names = ""] = /export type Command =([^;]+);/.exec(protocol) ?? [];
  const commands = new Set(
    (names.match(/\w+/g) ?? []).flatMap((name) =>
      kindsIn(protocol.split(`export interface ${name} {`)[1]?.split("}")[0] ?? ""),
    ),
  );
  const asked = Object.entries(sources).flatMap(([path, text]) =>
    path.startsWith("../../../ui") ? kindsIn(text) : [],
  );
  const panel = new Set(asked.filter((kind) => commands.has(kind)));
  const bound = new Set(
    Object.entries(sources).flatMap(([path, text]) => (path.startsWith("./") ? kindsIn(text) : [])),
  );

  expect(panel.size).toBeGreaterThanOrEqual(6);
  expect(
    [...panel].filter(
      (kind) => !bound.has(kind) && ![...WITHOUT, ...IN_SIGHT].includes(kind ?? ""),
    ),
  ).toEqual([]);
});

/** The commands in a registry of JupyterLab's, and what is sent. */
function setUp(activity: Activity) {
  const commands = new CommandRegistry();
  const sent: Command[] = [];
  const store = { get: () => ({ activity }), send: async (one: Command) => sent.push(one) };
  const hub = { connection: { store }, strings: ENGLISH } as unknown as ModelHub;
  const app = { commands } as unknown as JupyterFrontEnd;
  const table = commandTable(new CommandContext(hub, () => null), () => true);
  addCommands(app, null, ENGLISH, table);
  return { commands, sent };
}

it("asks which of two devices is meant, and names that instance", async () => {
  const activity = engine as unknown as Activity;
  const [here] = activity.instances;
  const there = { ...here, instance_reference: "ref-there", device: "0f", device_name: "gpu-box" };
  const instances = [here, there] as Activity["instances"];
  const { commands, sent } = setUp({ ...activity, instances });
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
