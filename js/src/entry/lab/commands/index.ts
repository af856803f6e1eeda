import {
  ILabShell,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import { addCommands } from "../addCommands";
import { usableAt } from "../drag";
import { IModelHub, type ModelHub } from "../hub";
import type { Strings } from "../strings";
import { CommandContext } from "./context";
import { commandTable } from "./table";

/** What a click with the right button on a row offers. */
function addMenu(app: JupyterFrontEnd, strings: Strings): void {
  const add = (command: string, selector: string, rank: number, label?: string) => {
    const args = { menu: true, ...(label && { label }) };
    app.contextMenu.addItem({ command, args, selector, rank });
  };
  add("lms:load", ".lms-Sidebar .lms-ModelRow", 0, strings.loadThis);
  add("lms:unload", ".lms-Sidebar .lms-InstanceRow", 1, strings.unloadThis);
  for (const [rank, command] of ["insert-line", "insert-python", "insert-cell"].entries()) {
    add(`lms:${command}`, ".lms-Sidebar .lms-Row-line", 10 + rank);
  }
  add("lms:copy-name", ".lms-Sidebar .lms-InstanceRow", 20);
  add("lms:copy-name", ".lms-Sidebar .lms-ModelRow", 20, strings.copyKey);
}

function activate(
  app: JupyterFrontEnd,
  hub: ModelHub,
  palette: ICommandPalette | null,
  labShell: ILabShell | null,
): void {
  const context = new CommandContext(hub, () => {
    const hit = app.contextMenuHitTest((node) => usableAt(node) !== null);
    return usableAt(hit ?? null);
  });
  // Notebook 7 opens each document in a page of its own.
  const mayWrite = () => hub.writing.isThere || labShell !== null;
  addCommands(app, palette, hub.strings, commandTable(context, mayWrite));
  addMenu(app, hub.strings);
}

export const commands: JupyterFrontEndPlugin<void> = {
  id: "lms-jupyter:commands",
  description: "Commands for all that can be done with models: palette, shortcuts, menu.",
  autoStart: true,
  requires: [IModelHub],
  optional: [ICommandPalette, ILabShell],
  activate,
};
