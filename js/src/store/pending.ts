import type { Activity, Command, Download } from "../protocol/protocol";

declare const named: unique symbol;
/** The name of what a command acts on; only this module makes them. */
export type Subject = string & { readonly [named]: true };

/** What became of a click so far: on its way, waiting in a busy kernel, or taken. */
export interface Pending {
  command: Command;
  phase: "sent" | "queued" | "taken";
  /** What was true when it was clicked. */
  before: Activity | null;
}

/**
 * Name what a command acts on: the same click twice has the same subject.
 *
 * The only place that makes such names: whoever holds a button while its click is under way, or
 * shows why a click was refused, asks here with the command that the button sends.
 */
export function subject(command: Command): Subject {
  return nameOf(command) as Subject;
}

/** The subject of every load of a model, however it is to be loaded. */
export function loadSubject(model_key: string): Subject {
  return `load:${model_key}` as Subject;
}

/** The subject of everything that is done to one download. */
export function downloadSubject(download_id: string): Subject {
  return `download:${download_id}` as Subject;
}

/** Whether the place of the click shows no refusals, or is gone when one comes. */
export function isShownOnTop(name: Subject): boolean {
  return /^(refresh|dismiss|load_again|cancel_load|save_profile)(:|$)/.test(name);
}

function nameOf(command: Command): string {
  switch (command.kind) {
    case "load":
      return loadSubject(command.model_key);
    case "unload":
    case "set_ttl":
    case "reload":
    case "pin":
      return `${command.kind}:${command.instance_reference ?? command.identifier}`;
    case "cancel_load":
      return `cancel_load:${command.load_id}`;
    case "dismiss":
      return `dismiss:${command.problem_id}`;
    case "load_again":
      return `load_again:${command.instance_reference}`;
    case "download":
      return `download:${command.name}@${command.quantization ?? ""}`;
    case "pause_download":
    case "resume_download":
    case "cancel_download":
      return downloadSubject(command.download_id);
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
      return hasMore(loadsOf(command.model_key), before, after);
    case "load_again":
      return hasMore(loadsOf(null), before, after);
    case "download":
      return hasMore(({ downloads }) => downloads.map(rowOf), before, after);
    case "pause_download":
    case "resume_download":
    case "cancel_download": {
      const { download_id } = command;
      const state = ({ downloads }: Activity) =>
        downloads.find((one) => one.download_id === download_id)?.state;
      return state(after) !== state(before);
    }
    case "unload":
    case "reload":
      return find(after, command)?.instance_reference !== find(before, command)?.instance_reference;
    case "cancel_load":
      return after.loads.every((load) => load.load_id !== command.load_id || load.cancelling);
    case "set_ttl":
    case "pin": {
      const [was, is] = [find(before, command), find(after, command)];
      return (
        was?.ttl_s !== is?.ttl_s || was?.idle_since !== is?.idle_since || was?.pinned !== is?.pinned
      );
    }
    case "dismiss":
      return after.problems.every((problem) => problem.problem_id !== command.problem_id);
    case "switch_host":
      // Another host is another epoch.
      return false;
    default:
      return true;
  }
}

/** Tell whether something is named afterwards that was not before. */
function hasMore(names: (slice: Activity) => string[], before: Activity, after: Activity): boolean {
  const old = new Set(names(before));
  return names(after).some((name) => !old.has(name));
}

/** What is loaded or on its way, of one model or of any. */
function loadsOf(model_key: string | null) {
  const isMeant = (one: { model_key: string }) => model_key === null || one.model_key === model_key;
  return ({ loads, instances }: Activity) => [
    ...loads.filter(isMeant).map(({ load_id }) => load_id),
    ...instances.filter(isMeant).map(({ instance_reference }) => instance_reference),
  ];
}

/** A download as it stands: one that goes on again is another. */
function rowOf({ download_id, state }: Download): string {
  return `${download_id} ${state}`;
}

type OfInstance = Extract<Command, { kind: "unload" | "reload" | "set_ttl" | "pin" }>;

/** The instance that is meant: to the letter where the command says which one. */
function find(activity: Activity, { identifier, instance_reference }: OfInstance) {
  return activity.instances.find((instance) =>
    instance_reference
      ? instance.instance_reference === instance_reference
      : instance.identifier === identifier,
  );
}
