import type { Activity, Command } from "../protocol/protocol";

/** What became of a click so far: on its way, waiting in a busy kernel, or taken. */
export interface Pending {
  command: Command;
  phase: "sent" | "queued" | "taken";
  /** What was true when it was clicked. */
  before: Activity | null;
}

/** Name what a command acts on: the same click twice has the same subject. */
export function subject(command: Command): string {
  switch (command.kind) {
    case "load":
    case "ensure":
      return `load:${command.model_key}`;
    case "unload":
    case "set_ttl":
    case "pin":
      return `${command.kind}:${command.identifier}`;
    case "cancel_load":
      return `cancel_load:${command.load_id}`;
    case "dismiss":
      return `dismiss:${command.problem_id}`;
    default:
      return command.kind;
  }
}

/** Tell whether the effect of a taken command, or its failure, can be seen in `after`. */
export function isSettled({ command, before }: Pending, after: Activity | null): boolean {
  if (after === null || before === null || after.epoch !== before.epoch) return true;
  const known = new Set(before.problems.map((problem) => problem.problem_id));
  if (after.problems.some((problem) => !known.has(problem.problem_id))) return true;
  switch (command.kind) {
    case "load":
    case "ensure": {
      const mine = (slice: Activity) => [
        ...slice.loads.filter((load) => load.model_key === command.model_key).map((l) => l.load_id),
        ...slice.instances
          .filter((instance) => instance.model_key === command.model_key)
          .map((instance) => instance.instance_reference),
      ];
      const old = new Set(mine(before));
      return mine(after).some((name) => !old.has(name));
    }
    case "unload":
      return reference(after, command.identifier) !== reference(before, command.identifier);
    case "cancel_load":
      return after.loads.every((load) => load.load_id !== command.load_id || load.cancelling);
    case "set_ttl":
    case "pin": {
      const [was, is] = [find(before, command.identifier), find(after, command.identifier)];
      return (
        was?.ttl_s !== is?.ttl_s || was?.idle_since !== is?.idle_since || was?.pinned !== is?.pinned
      );
    }
    case "dismiss":
      return after.problems.every((problem) => problem.problem_id !== command.problem_id);
    default:
      return true;
  }
}

function find(activity: Activity, identifier: string) {
  return activity.instances.find((instance) => instance.identifier === identifier);
}

function reference(activity: Activity, identifier: string): string | undefined {
  return find(activity, identifier)?.instance_reference;
}
