import { Clipboard, InputDialog, Notification } from "@jupyterlab/apputils";
import type { CommandEntry, Property } from "../addCommands";
import type { Answer, Hosts } from "../server";
import { STAYS } from "../stays";
import { type CommandContext, SURE, text } from "./context";
import { askForHost } from "./hostForm";

const NAME: Record<string, Property> = {
  name: text("Of a host with a name; asked for if left out."),
};

/** Say why something was not done; answer whether it was. */
export function isDone<Value extends object>(reply: Answer<Value>): reply is Value {
  if (!("problem" in reply)) return true;
  const { title, hint } = reply.problem;
  Notification.error(`${title} ${hint}`, STAYS);
  return false;
}

/** What changes the list of hosts, where the Jupyter Server's configuration allows it. */
export function hostListCommands(context: CommandContext): CommandEntry[] {
  const { connection, strings } = context.hub;
  const named = () => connection.known?.named ?? [];
  const isNamed = () => named().length > 0;
  /** The host that is shown comes first. */
  const choose = (given: unknown, title: string) => {
    const names = [...named()].sort((name) => (name === connection.host ? -1 : 1));
    return typeof given === "string" ? given : context.choose(title, names);
  };
  /** Show the list as it is now, and a host of it. */
  const learn = (hosts: Answer<Hosts>, from: string, to: string | undefined) => {
    if (!isDone(hosts)) return;
    connection.learn(hosts);
    if (connection.host === from || from === "") connection.choose(to ?? hosts.hosts[0] ?? "");
  };
  return [
    {
      id: "add-host",
      label: strings.addHost,
      args: { name: text("What it is called."), address: text("host:port, or https://…") },
      isEnabled: () => connection.known?.may_name === true,
      async run({ name, address }) {
        const host =
          typeof name === "string" && typeof address === "string"
            ? { name, address, token: "" }
            : await askForHost(strings);
        if (host) learn(await connection.server.addHost(host), "", host.name);
      },
    },
    {
      id: "rename-host",
      label: strings.renameHost,
      args: { ...NAME, to: text("What it is to be called.") },
      isEnabled: isNamed,
      async run(args) {
        const name = await choose(args.name, strings.renameHost);
        if (name === null) return;
        const to =
          (args.to as string | undefined) ??
          (await InputDialog.getText({ title: strings.renameHost, text: name })).value;
        if (to) learn(await connection.server.renameHost(name, to), name, to);
      },
    },
    {
      id: "remove-host",
      label: strings.removeHost,
      args: { ...NAME, sure: SURE },
      isEnabled: isNamed,
      async run(args) {
        const name = await choose(args.name, strings.removeHost);
        if (name === null) return;
        const asks = args.sure !== true;
        if (asks && !(await context.isSure(strings.removeBody(name), strings.removeThis))) return;
        learn(await connection.server.removeHost(name), name, undefined);
      },
    },
  ];
}

/** What is done with the host on the server's machine, beyond its models. */
export function machineCommands(context: CommandContext): CommandEntry[] {
  const { connection, openFolder, strings } = context.hub;
  return [
    {
      id: "assist",
      label: strings.assist,
      isEnabled: context.isConnected,
      async run() {
        const reply = await connection.server.assist(connection.host);
        if (isDone(reply))
          Notification.success(strings.assisted(reply.address, reply.models[0]), STAYS);
      },
    },
    {
      id: "open-folder",
      label: strings.openFolder,
      isEnabled: context.isConnected,
      async run() {
        const reply = await connection.server.folder(connection.host);
        if (!isDone(reply) || reply.opened) return;
        if (reply.inside !== null && (await openFolder(reply.inside))) return;
        const copy = () => Clipboard.copyToSystem(reply.path);
        Notification.info(strings.folderIs(reply.path), {
          ...STAYS,
          actions: [{ label: strings.copyPath, callback: copy }],
        });
      },
    },
  ];
}
