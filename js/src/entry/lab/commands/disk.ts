import type { CommandEntry } from "../addCommands";
import { type CommandContext, SURE, text } from "./context";

/** What takes models off the disk. */
export function diskCommands(context: CommandContext): CommandEntry[] {
  const { connection, strings } = context.hub;
  // What is on another machine is deleted there.
  const models = () =>
    (connection.store.get().catalog?.models ?? []).filter(({ device }) => device === null);
  return [
    {
      id: "delete-model",
      label: strings.deleteModel,
      args: {
        model_key: text("A key or a variant; asked for if left out."),
        permanently: { type: "boolean", description: "Not to the bin." },
        sure: SURE,
      },
      isEnabled: () => context.isConnected() && context.has("deleteModel"),
      async run(args) {
        const keys = models().flatMap(({ model_key, variants }) =>
          variants.length > 1 ? variants : [model_key],
        );
        const model_key =
          (args.model_key as string | undefined) ??
          context.under(args)?.name ??
          (await context.choose(strings.deleteModel, keys));
        if (model_key === null) return;
        const asks = args.sure !== true;
        if (asks && !(await context.isSure(strings.deleteBody(model_key), strings.deleteThis)))
          return;
        await context.send({
          kind: "delete_model",
          model_key,
          permanently: args.permanently === true,
        });
      },
    },
  ];
}
