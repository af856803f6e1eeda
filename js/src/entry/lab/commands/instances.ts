import { isMissed, othersOf } from "../../../store/missed";
import { called, exactly } from "../../../store/named";
import type { CommandEntry } from "../addCommands";
import { type CommandContext, IDENTIFIER, SURE } from "./context";

/** What takes instances out of memory. */
export function unloadCommands(context: CommandContext): CommandEntry[] {
  const { strings } = context.hub;
  return [
    {
      id: "unload",
      label: strings.unload,
      args: { ...IDENTIFIER, sure: SURE },
      isEnabled: context.hasInstances,
      async run(args) {
        const found = await context.instance(args, strings.unload);
        if (found === null) return;
        const body = strings.unloadBody(called(found), othersOf(found).join(", "));
        const asks = args.sure !== true && isMissed(found);
        if (!asks || (await context.isSure(body, strings.unloadThis))) {
          await context.send({ kind: "unload", ...exactly(found) });
        }
      },
    },
    {
      id: "unload-all",
      label: strings.unloadAll,
      args: { sure: SURE },
      isEnabled: context.hasInstances,
      async run({ sure }) {
        const { instances } = context;
        const body = strings.unloadAllBody(instances.length);
        if (sure !== true && !(await context.isSure(body, strings.unloadAll))) return;
        await Promise.all(
          instances.map((instance) => context.send({ kind: "unload", ...exactly(instance) })),
        );
      },
    },
  ];
}

/** What says how long an instance stays. */
export function stayCommands(context: CommandContext): CommandEntry[] {
  const { strings } = context.hub;
  return [
    {
      id: "set-ttl",
      label: strings.setTtl,
      args: {
        ...IDENTIFIER,
        ttl_s: { type: ["number", "null"], description: "Seconds; null is never." },
      },
      isEnabled: () => context.hasInstances() && context.has("ttl"),
      async run(args) {
        const found = await context.instance(args, strings.setTtl);
        if (!found) return;
        const ttl_s =
          args.ttl_s === undefined ? await context.askTtl(found) : (args.ttl_s as number | null);
        if (ttl_s !== undefined) await context.send({ kind: "set_ttl", ...exactly(found), ttl_s });
      },
    },
    {
      id: "pin",
      label: strings.pin,
      args: {
        ...IDENTIFIER,
        pinned: { type: "boolean", description: "The other way round if left out." },
      },
      isEnabled: () => context.hasInstances() && context.has("pin"),
      async run(args) {
        const found = await context.instance(args, strings.pin);
        if (!found) return;
        const pinned = (args.pinned as boolean | undefined) ?? !found.pinned;
        await context.send({ kind: "pin", ...exactly(found), pinned });
      },
    },
  ];
}
