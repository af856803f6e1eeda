import type { JupyterFrontEnd } from "@jupyterlab/application";
import { CommandRegistry } from "@lumino/commands";
import { beforeEach, expect, it, vi } from "vitest";
import engine from "../../../../../tests/wire_samples/activity_engine.json" with { type: "json" };

// They need a page of JupyterLab; what they are asked, and what they say, is noted.
const page = vi.hoisted(() => ({ said: [] as string[], copied: [] as string[], typed: "" }));
vi.mock("@jupyterlab/apputils", () => {
  const say = (message: string, options?: { actions?: { callback(): void }[] }) => {
    page.said.push(message);
    for (const { callback } of options?.actions ?? []) callback();
  };
  return {
    Clipboard: { copyToSystem: (text: string) => page.copied.push(text) },
    Dialog: { cancelButton: () => ({}), okButton: () => ({}), warnButton: () => ({}) },
    InputDialog: {
      getItem: async ({ items }: { items: string[] }) => ({ value: items[0] }),
      getText: async () => ({ value: page.typed }),
    },
    Notification: { error: say, info: say, success: say },
    showDialog: async () => ({ button: { accept: true }, value: page.typed }),
  };
});

import { addCommands } from "../addCommands";
import { createConnection } from "../connection";
import type { ModelHub } from "../hub";
import type { Answer, Hosts, Server } from "../server";
import { ENGLISH } from "../strings";
import { CommandContext } from "./context";
import { hostListCommands, machineCommands } from "./hostList";

const LIST: Hosts = {
  ...{ hosts: ["", "gpu", "lab"], named: ["gpu", "lab"], may_name: true },
  ...{ discovers: true, engine_missing: [] },
};
const without = (name: string): Hosts => ({
  ...LIST,
  hosts: LIST.hosts.filter((one) => one !== name),
  named: LIST.named.filter((one) => one !== name),
});
const PROBLEM = { problem: { code: "command_error", title: "It is taken.", hint: "Choose." } };

async function setUp(hosts = LIST, answer: Answer<object> | null = null) {
  const asked: unknown[][] = [];
  const note =
    <Value>(reply: Value) =>
    async (...given: unknown[]) => {
      asked.push(given);
      return (answer ?? reply) as Value;
    };
  const added = { ...LIST, hosts: [...LIST.hosts, "new"], named: [...LIST.named, "new"] };
  const server = {
    connect: () => ({ close: () => undefined, send: () => undefined }),
    hosts: async () => hosts,
    addHost: note(added),
    renameHost: note({ ...LIST, hosts: ["", "big", "lab"], named: ["big", "lab"] }),
    removeHost: note(without("gpu")),
    assist: note({ address: "127.0.0.1:1234", models: ["chat"] }),
    folder: note({ path: "/home/u/models", inside: "models", opened: false }),
  } as unknown as Server;
  const connection = createConnection(server, Promise.resolve());
  await vi.waitFor(() => expect(connection.known).not.toBeNull());
  const shown: string[] = [];
  const openFolder = async (path: string) => shown.push(path) > 0;
  const hub = { connection, openFolder, strings: ENGLISH } as unknown as ModelHub;
  const commands = new CommandRegistry();
  const context = new CommandContext(hub, () => null);
  addCommands({ commands } as unknown as JupyterFrontEnd, null, ENGLISH, [
    ...hostListCommands(context),
    ...machineCommands(context),
  ]);
  return { commands, connection, asked, shown, openFolder, hub };
}

beforeEach(() => {
  Object.assign(page, { said: [], copied: [], typed: "" });
});

it("shows a host that was added", async () => {
  const { commands, connection, asked } = await setUp();

  await commands.execute("lms:add-host", { name: "new", address: "10.0.0.7" });

  expect(asked).toEqual([[{ name: "new", address: "10.0.0.7", token: "" }]]);
  expect(connection.known?.named).toContain("new");
  expect(connection.host).toBe("new");
});

it("follows the host that is shown to its new name, and leaves it when it is removed", async () => {
  const { commands, connection, asked } = await setUp();
  connection.choose("lab");
  page.typed = "big";

  await commands.execute("lms:rename-host", { name: "gpu" });
  expect(connection.host).toBe("lab");
  connection.learn(LIST);
  connection.choose("gpu");
  await commands.execute("lms:rename-host");
  expect(connection.host).toBe("big");
  connection.choose("gpu");
  connection.learn(LIST);
  await commands.execute("lms:remove-host");

  expect(asked).toEqual([["gpu", "big"], ["gpu", "big"], ["gpu"]]);
  expect(connection.host).toBe("");
  expect(connection.known).toEqual(without("gpu"));
});

it("says why the list stays as it is", async () => {
  const { commands, connection } = await setUp(LIST, PROBLEM);

  await commands.execute("lms:add-host", { name: "gpu", address: "10.0.0.7" });

  expect(page.said).toEqual(["It is taken. Choose."]);
  expect([connection.host, connection.known]).toEqual(["", LIST]);
});

it("changes no list that the configuration says", async () => {
  const { commands } = await setUp({ ...LIST, named: [], may_name: false });

  const enabled = ["add-host", "rename-host", "remove-host"].filter((id) =>
    commands.isEnabled(`lms:${id}`),
  );

  expect(enabled).toEqual([]);
});

it("has assistants talk to the host, and names the model as they do", async () => {
  const { commands, connection } = await setUp();
  expect(commands.isEnabled("lms:assist")).toBe(false);
  vi.spyOn(connection.store, "get").mockReturnValue({ activity: engine } as never);
  expect(commands.isEnabled("lms:assist")).toBe(true);

  await commands.execute("lms:assist");

  expect(page.said[0]).toContain("now talk to 127.0.0.1:1234; the model is openai/chat there");
});

it("shows the models folder in the file browser, or says where it is", async () => {
  const { commands, shown, hub } = await setUp();
  await commands.execute("lms:open-folder");
  expect([shown, page.said]).toEqual([["models"], []]);

  Object.assign(hub, { openFolder: async () => false });
  const other = await setUp(LIST, { path: "/data/models", inside: null, opened: false });
  await other.commands.execute("lms:open-folder");

  expect(page.said).toEqual(["The models are in /data/models on the server's machine."]);
  expect(page.copied).toEqual(["/data/models"]);
});
