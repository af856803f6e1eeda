import type { CommandEntry } from "../addCommands";
import { copyCommands, insertCommands } from "./code";
import type { CommandContext } from "./context";
import { diskCommands } from "./disk";
import { hostCommands } from "./host";
import { hostListCommands, machineCommands } from "./hostList";
import { stayCommands, unloadCommands } from "./instances";
import { loadCommands } from "./loads";

/** A command for everything that the panel can do; each takes arguments, or asks. */
export function commandTable(context: CommandContext, mayWrite: () => boolean): CommandEntry[] {
  return [
    ...loadCommands(context),
    ...unloadCommands(context),
    ...stayCommands(context),
    ...insertCommands(context, mayWrite),
    ...copyCommands(context),
    ...diskCommands(context),
    ...hostCommands(context),
    ...hostListCommands(context),
    ...machineCommands(context),
  ];
}
