import { type LoadFields, loadCommand } from "../../../store/loadCommand";
import type { CommandEntry } from "../addCommands";
import { type CommandContext, text } from "./context";

/** What loads a model, and what stops that. */
export function loadCommands(context: CommandContext): CommandEntry[] {
  const { connection, oneClick, strings } = context.hub;
  const modelKeys = () =>
    connection.store.get().catalog?.models.map((model) => model.model_key) ?? [];
  return [
    {
      id: "load",
      label: strings.load,
      args: {
        model_key: text("Asked for if left out."),
        identifier: text("The host chooses if left out."),
        ttl_s: { type: ["number", "null"], description: "Seconds of idleness, null for never." },
        config: { type: "object", description: "As in %lms load." },
      },
      isEnabled: context.isConnected,
      async run(args) {
        const model_key =
          (args.model_key as string | undefined) ??
          context.under(args)?.name ??
          (await context.choose(strings.load, modelKeys()));
        if (model_key === null) return;
        const usual = oneClick();
        const asked: LoadFields = {
          model_key,
          identifier: (args.identifier as string | undefined) ?? null,
          ttl_s: args.ttl_s === undefined ? usual.ttl_s : (args.ttl_s as number | null),
          config: (args.config as LoadFields["config"] | undefined) ?? usual.config,
        };
        await context.send(loadCommand(asked, context.activity));
      },
    },
    {
      id: "cancel-load",
      label: strings.cancelLoad,
      args: { load_id: text("Which load; the latest if left out.") },
      isEnabled: () => context.isConnected() && (context.activity?.loads.length ?? 0) > 0,
      async run(args) {
        const load_id =
          (args.load_id as string | undefined) ?? context.activity?.loads.at(-1)?.load_id;
        if (load_id !== undefined) await context.send({ kind: "cancel_load", load_id });
      },
    },
  ];
}
