import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { CommandRegistry } from "@lumino/commands";
import { PluginRegistry, type Token } from "@lumino/coreutils";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

/** JupyterLab's own packages need a page of it: what is used of them here are their tokens. */
const { tokens, told } = vi.hoisted(() => ({
  tokens: new Map<string, Token<unknown>>(),
  told: [] as string[],
}));

async function packageOf(...names: string[]) {
  const { Token } = await import("@lumino/coreutils");
  for (const name of names) tokens.set(name, new Token(name));
  return Object.fromEntries(names.map((name) => [name, tokens.get(name)]));
}

vi.mock("@jupyterlab/application", () => packageOf("ILabShell", "ILayoutRestorer"));
vi.mock("@jupyterlab/apputils", async () => ({
  ...(await packageOf("ICommandPalette", "IToolbarWidgetRegistry")),
  Notification: { emit: (message: string) => told.push(message) },
}));
vi.mock("@jupyterlab/console", () => packageOf("IConsoleTracker"));
vi.mock("@jupyterlab/coreutils", () => ({}));
vi.mock("@jupyterlab/launcher", () => packageOf("ILauncher"));
vi.mock("@jupyterlab/notebook", async () => ({
  ...(await packageOf("INotebookTracker")),
  NotebookActions: { executionScheduled: { connect: () => undefined } },
}));
vi.mock("@jupyterlab/rendermime", () => packageOf("IRenderMimeRegistry"));
vi.mock("@jupyterlab/services", () => ({}));
vi.mock("@jupyterlab/settingregistry", () => packageOf("ISettingRegistry"));
vi.mock("@jupyterlab/statusbar", () => packageOf("IStatusBar"));
vi.mock("@jupyterlab/translation", () => packageOf("ITranslator"));
vi.mock("@jupyterlab/ui-components", () => ({ LabIcon: class {} }));
vi.mock("@lumino/dragdrop", () => ({}));

import plugins from ".";
import { IModelHub, type ModelHub } from "./hub";

type Plugin = JupyterFrontEndPlugin<unknown>;

/** Without it, no other can work; the pictures of what was there need nobody. */
const HUB = "lms-jupyter:hub";
const ALONE = "lms-jupyter:still";

/** What JupyterLab has beside us, and what we put there. */
function createPage(languageCode: string) {
  const commands = new CommandRegistry();
  const palette: { command: string; category: string }[] = [];
  const launcher: { command: string }[] = [];
  const menu: { command: string }[] = [];
  const inShell: { id: string }[] = [];
  const inStatusBar: string[] = [];
  const add = <Item>(items: Item[]) => ({ add: (item: Item) => items.push(item) });
  const services: Record<string, object> = {
    ICommandPalette: { addItem: (item: (typeof palette)[0]) => palette.push(item) },
    ILauncher: add(launcher),
    ILayoutRestorer: { add: () => undefined },
    IStatusBar: {
      registerStatusItem: (id: string) => {
        inStatusBar.push(id);
        return { dispose: () => undefined };
      },
    },
    IRenderMimeRegistry: { createRenderer: () => undefined, clone: () => undefined },
    ITranslator: { languageCode },
  };
  const app = {
    commands,
    contextMenu: { addItem: (item: (typeof menu)[0]) => menu.push(item) },
    // It never has: nothing is asked of a server that is not there.
    restored: new Promise(() => {}),
    serviceManager: { serverSettings: {} },
    shell: { ...add(inShell), widgets: () => inShell.values() },
  } as unknown as JupyterFrontEnd;
  return { app, services, commands, palette, launcher, menu, inShell, inStatusBar };
}

/** Activate our plugins as JupyterLab does at its start, all but those that are disabled. */
async function start(disabled: readonly string[] = [], languageCode = "en") {
  const { app, services, ...page } = createPage(languageCode);
  const registry = new PluginRegistry<JupyterFrontEnd>();
  registry.application = app;
  for (const [name, service] of Object.entries(services)) {
    registry.registerPlugin({
      id: `jupyterlab:${name}`,
      provides: tokens.get(name) as Token<unknown>,
      activate: () => service,
    });
  }
  const enabled = (plugins as Plugin[]).filter(({ id }) => !disabled.includes(id));
  registry.registerPlugins(enabled);
  const active = await Promise.all(
    enabled.map(({ id }) =>
      registry.activatePlugin(id).then(
        () => [id],
        () => [],
      ),
    ),
  );
  return { registry, active: active.flat(), enabled: enabled.map(({ id }) => id), ...page };
}

beforeEach(() => {
  vi.stubGlobal("FRAME_CSS", "");
});

afterEach(() => {
  told.length = 0;
  document.head.replaceChildren();
});

it("is a list of plugins, each with a name of its own and word of what it does", () => {
  const ids = plugins.map(({ id }) => id);

  expect(ids.map((id) => id.split(":")[0])).toEqual(ids.map(() => "lms-jupyter"));
  expect(new Set(ids).size).toBe(ids.length);
  expect(plugins.every(({ autoStart, description }) => autoStart && description)).toBe(true);
});

it("activates all of them", async () => {
  const { active, inShell, inStatusBar, launcher, menu } = await start();

  expect(active).toEqual(plugins.map(({ id }) => id));
  expect(inShell.map(({ id }) => id)).toEqual(["lms-sidebar"]);
  expect(inStatusBar).toEqual(["lms-jupyter:status"]);
  expect(launcher.map(({ command }) => command).sort()).toEqual(["lms:open", "lms:tutorials"]);
  expect(menu.length).toBeGreaterThan(0);
});

const others = plugins.map(({ id }) => id).filter((id) => id !== HUB);

it.each(others)("does without %s", async (id) => {
  const { active, enabled } = await start([id]);

  expect(active).toEqual(enabled);
});

it("activates only what stands alone without the hub", async () => {
  const { active } = await start([HUB]);

  expect(active).toEqual([ALONE]);
});

it.each([
  ["sidebar", "lms:open", "lms:pin"],
  ["commands", "lms:pin", "lms:open"],
  ["tutorials", "lms:tutorials", "lms:pin"],
])("takes the commands of a disabled %s away, and no others", async (name, gone, kept) => {
  const { commands } = await start([`lms-jupyter:${name}`]);

  expect(commands.hasCommand(gone)).toBe(false);
  expect(commands.hasCommand(kept)).toBe(true);
});

it("shows no models where the sidebar is disabled, and does not fail", async () => {
  const { inShell, registry } = await start(["lms-jupyter:sidebar"]);
  const hub = await registry.resolveRequiredService<ModelHub>(IModelHub);

  expect(inShell).toEqual([]);
  expect(hub.show).not.toThrow();
});

it.each([
  ["en", "Local models"],
  ["de", "Lokale Modelle"],
])("has all of its commands in the palette under one name in %s", async (lang, category) => {
  const { commands, palette } = await start([], lang);

  expect(palette.map(({ command }) => command).sort()).toEqual(commands.listCommands().sort());
  expect(new Set(palette.map((item) => item.category))).toEqual(new Set([category]));
  const labels = palette.map(({ command }) => commands.label(command));
  expect(labels.filter((label) => !label.startsWith(`${category}: `))).toEqual([]);
  expect(new Set(labels).size).toBe(palette.length);
});
