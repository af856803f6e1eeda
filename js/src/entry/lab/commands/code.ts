import { Clipboard } from "@jupyterlab/apputils";
import type { Usable } from "../../../ui/controls/place";
import type { Args, CommandEntry } from "../addCommands";
import type { InsertWhat } from "../settings";
import { type CommandContext, IDENTIFIER, text } from "./context";

const ROW = { ...IDENTIFIER, model_key: text("Of a model, instead.") };

/** Without a row that is meant, there has to be one to choose. */
function hasRow({ instances }: CommandContext, { menu, model_key }: Args): boolean {
  return menu === true || model_key !== undefined || instances.length > 0;
}

/** What writes code; `mayWrite` says whether this page has, or could have, a place for it. */
export function insertCommands(context: CommandContext, mayWrite: () => boolean): CommandEntry[] {
  const { insert, strings } = context.hub;
  const entry = (id: string, label: string, as?: InsertWhat): CommandEntry => ({
    id,
    label,
    args: ROW,
    isEnabled: (args) => mayWrite() && hasRow(context, args),
    async run(args) {
      const what = await context.row(args, label);
      if (what) await insert(what, as);
    },
  });
  return [
    entry("insert-line", strings.insertLine, "line"),
    entry("insert-python", strings.insertPython, "python"),
    entry("insert-cell", strings.insertCell, "cell"),
    entry("use", strings.use),
  ];
}

/** What puts a name or code on the clipboard. */
export function copyCommands(context: CommandContext): CommandEntry[] {
  const { code, strings } = context.hub;
  const entry = (
    id: string,
    label: string,
    textOf: (what: Usable) => string | null,
  ): CommandEntry => ({
    id,
    label,
    args: ROW,
    isEnabled: (args) => hasRow(context, args),
    async run(args) {
      const what = await context.row(args, label);
      const copied = what && textOf(what);
      if (copied !== null) Clipboard.copyToSystem(copied);
    },
  });
  return [
    entry("copy-name", strings.copyName, ({ name }) => name),
    entry("copy-line", strings.copyLine, (what) => code(what, "line")),
    entry("copy-python", strings.copyPython, (what) => code(what, "python")),
  ];
}
