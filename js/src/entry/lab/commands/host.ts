import type { CommandEntry } from "../addCommands";
import { type CommandContext, text } from "./context";

/** What is asked of the host itself, and which host that is. */
export function hostCommands(context: CommandContext): CommandEntry[] {
  const { connection, hosts, mayStart, startEngine, strings } = context.hub;
  const problems = () => context.activity?.problems ?? [];
  return [
    { id: "refresh", label: strings.refresh, run: () => context.send({ kind: "refresh" }) },
    {
      id: "dismiss",
      label: strings.dismiss,
      isEnabled: () => problems().length > 0,
      run: () =>
        Promise.all(
          problems().map(({ problem_id }) => context.send({ kind: "dismiss", problem_id })),
        ),
    },
    {
      id: "switch-host",
      label: strings.switchHost,
      args: { host: text("One of the Jupyter Server's.") },
      isEnabled: () => hosts().length > 1,
      async run(args) {
        const host =
          (args.host as string | undefined) ?? (await context.choose(strings.host, hosts()));
        if (host !== null && hosts().includes(host)) connection.choose(host);
      },
    },
    { id: "start-engine", label: strings.startEngine, isEnabled: mayStart, run: startEngine },
  ];
}
