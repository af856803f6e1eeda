import type { JupyterFrontEnd } from "@jupyterlab/application";
import {
  Clipboard,
  Dialog,
  type ICommandPalette,
  InputDialog,
  showDialog,
} from "@jupyterlab/apputils";
import type { ReadonlyPartialJSONObject } from "@lumino/coreutils";
import type { Command, Instance } from "../../protocol/protocol";
import { type LoadFields, loadCommand } from "../../store/loadCommand";
import { isMissed, othersOf } from "../../store/missed";
import { called, exactly } from "../../store/named";
import type { Usable } from "../../ui/controls/place";
import type { Desk } from "./desk";
import { icon } from "./icon";
import type { InsertWhat } from "./settings";
import type { Strings } from "./strings";

/** What the commands need besides the desk. */
interface Deps {
  desk: Desk;
  strings: Strings;
  show(): void;
  /** Put the cursor where models are looked for. */
  find(): void;
  /** Whether there is, or could be, a place on this page to insert code. */
  mayWrite(): boolean;
  /** The code for a row, if it is still there. */
  code(what: Usable, as: InsertWhat): string | null;
  insert(what: Usable, as?: InsertWhat): Promise<void>;
  oneClick(): Pick<LoadFields, "ttl_s" | "config">;
  startEngine(): Promise<void>;
  mayStart(): boolean;
  /** The row that the context menu was opened on. */
  underMenu(): Usable | null;
  hosts(): readonly string[];
  palette: ICommandPalette | null;
}

type Args = ReadonlyPartialJSONObject;
type Property = { type: string | string[]; description: string };

const TEXT = (description: string): Property => ({ type: "string", description });
const SURE: Property = { type: "boolean", description: "Do not ask." };
const IDENTIFIER = { identifier: TEXT("Of an instance; asked for if left out.") };
const ROW = {
  ...IDENTIFIER,
  model_key: TEXT("Of a model, instead."),
};

/** Add a command for everything that the panel can do; each takes arguments, or asks. */
export function addCommands(app: JupyterFrontEnd, deps: Deps): void {
  const { desk, palette, strings } = deps;
  const send = (command: Command) => desk.store.send(command);
  const activity = () => desk.store.get().activity;
  const instances = () => activity()?.instances ?? [];
  const can = () => activity()?.host.link === "connected";

  function add(
    id: string,
    label: string,
    properties: Record<string, Property>,
    execute: (args: Args) => unknown,
    more: { isEnabled?: (args: Args) => boolean } = {},
  ): void {
    const command = `lms:${id}`;
    app.commands.addCommand(command, {
      label: (args) => {
        if (typeof args.label === "string") return args.label;
        return args.menu === true ? label : strings.named(label);
      },
      describedBy: { args: { type: "object", properties } },
      execute,
      ...(more.isEnabled && { isEnabled: more.isEnabled }),
      ...(id === "open" && { icon, caption: strings.title }),
    });
    palette?.addItem({ command, category: strings.category });
  }

  async function choose(title: string, items: readonly string[]): Promise<string | null> {
    if (items.length < 2) return items[0] ?? null;
    const { value } = await InputDialog.getItem({
      title: title.replace(/\s*…$/, ""),
      label: strings.which,
      items: [...items],
    });
    return value;
  }

  /** The instance that is named, is under the menu, is the only one, or is chosen. */
  async function instance(args: Args, label: string): Promise<Instance | null> {
    const row = args.menu === true ? deps.underMenu() : null;
    const name = args.identifier ?? row?.reference;
    const known = instances();
    // Several devices may have one of that name.
    const meant = known.filter(
      (one) => name === undefined || name === one.identifier || name === one.instance_reference,
    );
    const names = meant.map(called);
    const chosen = await choose(label, names);
    return meant.find((_, place) => names[place] === chosen) ?? null;
  }

  async function row(args: Args, label: string): Promise<Usable | null> {
    const under = args.menu === true ? deps.underMenu() : null;
    if (under) return under;
    if (typeof args.model_key === "string") return { kind: "model", name: args.model_key };
    const found = await instance(args, label);
    return found && { kind: "instance", name: found.identifier };
  }

  add("open", strings.open, {}, deps.show);
  add("refresh", strings.refresh, {}, () => send({ kind: "refresh" }));
  add("find", strings.find, {}, deps.find);
  add(
    "load",
    strings.load,
    {
      model_key: TEXT("LoadFields for if left out."),
      identifier: TEXT("The host chooses if left out."),
      ttl_s: { type: ["number", "null"], description: "Seconds of idleness, null for never." },
      config: { type: "object", description: "As in %lms load." },
    },
    async (args) => {
      const under = args.menu === true ? deps.underMenu() : null;
      const model_key =
        (args.model_key as string | undefined) ??
        under?.name ??
        (await choose(
          strings.load,
          desk.store.get().catalog?.models.map((model) => model.model_key) ?? [],
        ));
      if (model_key === null) return;
      const asked = deps.oneClick();
      const request = {
        model_key,
        identifier: (args.identifier as string | undefined) ?? null,
        ttl_s: args.ttl_s === undefined ? asked.ttl_s : (args.ttl_s as number | null),
        config: (args.config as typeof asked.config | undefined) ?? asked.config,
      };
      await send(loadCommand(request, desk.store.get().activity));
    },
    { isEnabled: can },
  );
  const some = () => can() && instances().length > 0;
  add(
    "unload",
    strings.unload,
    { ...IDENTIFIER, sure: SURE },
    async (args) => {
      const found = await instance(args, strings.unload);
      if (found === null) return;
      const body = strings.unloadBody(called(found), othersOf(found).join(", "));
      const asks = args.sure !== true && isMissed(found);
      if (!asks || (await isSure(body, strings.unloadThis, strings))) {
        await send({ kind: "unload", ...exactly(found) });
      }
    },
    { isEnabled: some },
  );
  add(
    "unload-all",
    strings.unloadAll,
    { sure: SURE },
    async (args) => {
      const known = instances();
      const body = strings.unloadAllBody(known.length);
      if (args.sure !== true && !(await isSure(body, strings.unloadAll, strings))) return;
      await Promise.all(known.map((one) => send({ kind: "unload" as const, ...exactly(one) })));
    },
    { isEnabled: some },
  );
  add(
    "set-ttl",
    strings.setTtl,
    { ...IDENTIFIER, ttl_s: { type: ["number", "null"], description: "Seconds; null is never." } },
    async (args) => {
      const found = await instance(args, strings.setTtl);
      if (!found) return;
      const ttl_s =
        args.ttl_s === undefined ? await askTtl(found, strings) : (args.ttl_s as number | null);
      if (ttl_s !== undefined) {
        await send({ kind: "set_ttl", ...exactly(found), ttl_s });
      }
    },
    { isEnabled: () => some() && has("ttl") },
  );
  add(
    "pin",
    strings.pin,
    { ...IDENTIFIER, pinned: { type: "boolean", description: "The other way round if left out." } },
    async (args) => {
      const found = await instance(args, strings.pin);
      if (!found) return;
      const pinned = (args.pinned as boolean | undefined) ?? !found.pinned;
      await send({ kind: "pin", ...exactly(found), pinned });
    },
    { isEnabled: () => some() && has("pin") },
  );
  add(
    "cancel-load",
    strings.cancelLoad,
    { load_id: TEXT("Which load; the latest if left out.") },
    async (args) => {
      const load_id = (args.load_id as string | undefined) ?? activity()?.loads.at(-1)?.load_id;
      if (load_id !== undefined) await send({ kind: "cancel_load", load_id });
    },
    { isEnabled: () => can() && (activity()?.loads.length ?? 0) > 0 },
  );
  const kinds: [string, InsertWhat, string][] = [
    ["insert-line", "line", strings.insertLine],
    ["insert-python", "python", strings.insertPython],
    ["insert-cell", "cell", strings.insertCell],
  ];
  /** Without a row that is meant, there has to be one to choose. */
  const any = ({ menu, model_key }: Args) =>
    menu === true || model_key !== undefined || instances().length > 0;
  const writes = { isEnabled: (args: Args) => deps.mayWrite() && any(args) };
  for (const [id, as, label] of kinds) {
    const insert = async (args: Args) => {
      const what = await row(args, label);
      if (what) await deps.insert(what, as);
    };
    add(id, label, ROW, insert, writes);
  }
  const use = async (args: Args) => {
    const what = await row(args, strings.use);
    if (what) await deps.insert(what);
  };
  add("use", strings.use, ROW, use, writes);
  const copies: [string, string, (what: Usable) => string | null][] = [
    ["copy-name", strings.copyName, ({ name }) => name],
    ["copy-line", strings.copyLine, (what) => deps.code(what, "line")],
    ["copy-python", strings.copyPython, (what) => deps.code(what, "python")],
  ];
  for (const [id, label, textOf] of copies) {
    const copy = async (args: Args) => {
      const what = await row(args, label);
      const text = what && textOf(what);
      if (text !== null) Clipboard.copyToSystem(text);
    };
    add(id, label, ROW, copy, { isEnabled: any });
  }
  const problems = () => activity()?.problems ?? [];
  add(
    "dismiss",
    strings.dismiss,
    {},
    () =>
      Promise.all(
        problems().map(({ problem_id }) => send({ kind: "dismiss" as const, problem_id })),
      ),
    { isEnabled: () => problems().length > 0 },
  );
  add(
    "switch-host",
    strings.switchHost,
    { host: TEXT("One of the Jupyter Server's.") },
    async (args) => {
      const host = (args.host as string | undefined) ?? (await choose(strings.host, deps.hosts()));
      if (host !== null && deps.hosts().includes(host)) desk.choose(host);
    },
    { isEnabled: () => deps.hosts().length > 1 },
  );
  add("start-engine", strings.startEngine, {}, deps.startEngine, {
    isEnabled: deps.mayStart,
  });

  function has(feature: string): boolean {
    return activity()?.host.features.includes(feature) === true;
  }
}

/** Seconds, `null` for never; nothing if somebody thought better of it. */
async function askTtl(instance: Instance, strings: Strings): Promise<number | null | undefined> {
  const { value } = await InputDialog.getNumber({
    title: called(instance),
    label: strings.minutes,
    value: (instance.ttl_s ?? 0) / 60,
  });
  if (value === null) return undefined;
  return value > 0 ? value * 60 : null;
}

async function isSure(body: string, label: string, strings: Strings): Promise<boolean> {
  const buttons = [Dialog.cancelButton(), Dialog.warnButton({ label })];
  const { button } = await showDialog({ title: strings.title, body, buttons });
  return button.accept;
}
