import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { ICommandPalette } from "@jupyterlab/apputils";
import type { LabIcon } from "@jupyterlab/ui-components";
import type { ReadonlyPartialJSONObject } from "@lumino/coreutils";
import type { Strings } from "./strings";

export type Args = ReadonlyPartialJSONObject;

/** An argument, as JSON Schema has it. */
export type Property = { type: string | string[]; description: string };

/** A command, for the palette, menus, shortcuts and other extensions. */
export interface CommandEntry {
  /** What comes after `lms:`. */
  id: string;
  label: string;
  /** What it can be given; it asks for what is left out. */
  args?: Record<string, Property>;
  run(args: Args): unknown;
  isEnabled?(args: Args): boolean;
  icon?: LabIcon;
  caption?: string;
}

/** Add commands to JupyterLab, and to the palette under one name. */
export function addCommands(
  app: JupyterFrontEnd,
  palette: ICommandPalette | null,
  strings: Strings,
  entries: readonly CommandEntry[],
): void {
  for (const { id, label, args: properties = {}, run, ...more } of entries) {
    const command = `lms:${id}`;
    app.commands.addCommand(command, {
      ...more,
      label: (args) => {
        if (typeof args.label === "string") return args.label;
        return args.menu === true ? label : strings.named(label);
      },
      describedBy: { args: { type: "object", properties } },
      execute: run,
    });
    palette?.addItem({ command, category: strings.category });
  }
}
