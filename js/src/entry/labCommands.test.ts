/// <reference types="vite/client" />
import { expect, it } from "vitest";

const sources = import.meta.glob<string>(
  ["../ui/*.tsx", "../protocol/protocol.ts", "./labCommands.ts", "!../ui/*.test.tsx"],
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
  const protocol = read("../protocol/protocol.ts");
  const [, names = ""] = /export type Command =([^;]+);/.exec(protocol) ?? [];
  const commands = new Set(
    (names.match(/\w+/g) ?? []).flatMap((name) =>
      kindsIn(protocol.split(`export interface ${name} {`)[1]?.split("}")[0] ?? ""),
    ),
  );
  const asked = Object.entries(sources).flatMap(([path, text]) =>
    path.startsWith("../ui/") ? kindsIn(text) : [],
  );
  const panel = new Set(asked.filter((kind) => commands.has(kind)));
  const bound = new Set(kindsIn(read("./labCommands.ts")));

  expect(panel.size).toBeGreaterThanOrEqual(6);
  expect(
    [...panel].filter(
      (kind) => !bound.has(kind) && ![...WITHOUT, ...IN_SIGHT].includes(kind ?? ""),
    ),
  ).toEqual([]);
});
