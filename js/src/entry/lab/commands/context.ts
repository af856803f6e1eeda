import { Dialog, InputDialog, showDialog } from "@jupyterlab/apputils";
import type { Activity, Command, Instance } from "../../../protocol/protocol";
import { called } from "../../../store/named";
import type { Usable } from "../../../ui/controls/place";
import type { Args, Property } from "../addCommands";
import type { ModelHub } from "../hub";

/** The arguments that several commands have. */
export const text = (description: string): Property => ({ type: "string", description });
export const SURE: Property = { type: "boolean", description: "Do not ask." };
export const IDENTIFIER = { identifier: text("Of an instance; asked for if left out.") };

/** What the commands know of the host, and how they find out what is meant. */
export class CommandContext {
  readonly hub: ModelHub;
  /** The row that the context menu was opened on. */
  readonly #underMenu: () => Usable | null;

  constructor(hub: ModelHub, underMenu: () => Usable | null) {
    this.hub = hub;
    this.#underMenu = underMenu;
  }

  get activity(): Activity | null {
    return this.hub.connection.store.get().activity;
  }

  get instances(): readonly Instance[] {
    return this.activity?.instances ?? [];
  }

  readonly isConnected = (): boolean => this.activity?.host.link === "connected";

  readonly hasInstances = (): boolean => this.isConnected() && this.instances.length > 0;

  has(feature: string): boolean {
    return this.activity?.host.features.includes(feature) === true;
  }

  send(command: Command): Promise<void> {
    return this.hub.connection.store.send(command);
  }

  /** The row under the menu, if that is where the command comes from. */
  under({ menu }: Args): Usable | null {
    return menu === true ? this.#underMenu() : null;
  }

  async choose(title: string, items: readonly string[]): Promise<string | null> {
    if (items.length < 2) return items[0] ?? null;
    const { value } = await InputDialog.getItem({
      title: title.replace(/\s*…$/, ""),
      label: this.hub.strings.which,
      items: [...items],
    });
    return value;
  }

  /** The instance that is named, is under the menu, is the only one, or is chosen. */
  async instance(args: Args, label: string): Promise<Instance | null> {
    const name = args.identifier ?? this.under(args)?.reference;
    // Several devices may have one of that name.
    const candidates = this.instances.filter(
      ({ identifier, instance_reference }) =>
        name === undefined || name === identifier || name === instance_reference,
    );
    const names = candidates.map(called);
    const chosen = await this.choose(label, names);
    return candidates.find((_, index) => names[index] === chosen) ?? null;
  }

  /** An instance as above, or a model that is named or is under the menu. */
  async row(args: Args, label: string): Promise<Usable | null> {
    const under = this.under(args);
    if (under) return under;
    if (typeof args.model_key === "string") return { kind: "model", name: args.model_key };
    const instance = await this.instance(args, label);
    return instance && { kind: "instance", name: instance.identifier };
  }

  async isSure(body: string, label: string): Promise<boolean> {
    const buttons = [Dialog.cancelButton(), Dialog.warnButton({ label })];
    const { button } = await showDialog({ title: this.hub.strings.title, body, buttons });
    return button.accept;
  }

  /** Seconds, `null` for never; nothing if somebody thought better of it. */
  async askTtl(instance: Instance): Promise<number | null | undefined> {
    const { value } = await InputDialog.getNumber({
      title: called(instance),
      label: this.hub.strings.minutes,
      value: (instance.ttl_s ?? 0) / 60,
    });
    if (value === null) return undefined;
    return value > 0 ? value * 60 : null;
  }
}
