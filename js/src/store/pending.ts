import type { Activity, Command, Download, Instance } from "../protocol/protocol";

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
  switch (command.kind) {
    case "load":
      return loadSubject(command.model_key);
    case "unload":
    case "set_ttl":
    case "reload":
    case "pin":
      return key(command.kind, instanceName(command));
    case "cancel_load":
      return key(command.kind, command.load_id);
    case "dismiss":
      return key(command.kind, command.problem_id);
    case "load_again":
      return key(command.kind, command.instance_reference);
    case "delete_model":
      return deletionSubject(command.model_key);
    case "download":
      return downloadSubject(`${command.name}@${command.quantization ?? ""}`);
    case "pause_download":
    case "resume_download":
    case "cancel_download":
      return downloadSubject(command.download_id);
    default:
      return key(command.kind);
  }
}

/** The subject of every load of a model, however it is to be loaded. */
export function loadSubject(model_key: string): Subject {
  return key("load", model_key);
}

/** The subject of taking a model off the disk. */
export function deletionSubject(model_key: string): Subject {
  return key("delete_model", model_key);
}

/** The subject of everything that is done to one download. */
export function downloadSubject(download_id: string): Subject {
  return key("download", download_id);
}

/** The subject of going to another host, whichever it is: one cannot go to two at once. */
export function switchSubject(): Subject {
  return key("switch_host");
}

/** The subject of starting LM Studio. */
export function wakeSubject(): Subject {
  return key("wake_studio");
}

/** What can be asked for one instance. */
type InstanceKind = OfInstance["kind"];

/** The subject of each thing that can be done to one instance. */
export function instanceSubjects(instance: Instance): Record<InstanceKind, Subject> {
  const of = (kind: InstanceKind) => key(kind, instanceName(instance));
  return { unload: of("unload"), pin: of("pin"), set_ttl: of("set_ttl"), reload: of("reload") };
}

/** What is clicked where no refusal is shown, or where nothing is left when one comes. */
const SHOWN_ON_TOP: ReadonlySet<string | undefined> = new Set<Command["kind"]>([
  "refresh",
  "dismiss",
  "load_again",
  "cancel_load",
  "delete_model",
  "save_profile",
  "wake_studio",
]);

/** Whether the place of the click shows no refusals, or is gone when one comes. */
export function isShownOnTop(name: Subject): boolean {
  return SHOWN_ON_TOP.has(name.split(":")[0]);
}

/** What a click did, and to what; for a kind that there is one of, the kind alone. */
function key(kind: Command["kind"], of?: string): Subject {
  return (of === undefined ? kind : `${kind}:${of}`) as Subject;
}

/** Several devices of an LM Link may have an instance of one identifier. */
function instanceName({ identifier, instance_reference }: Named): string {
  return instance_reference ?? identifier;
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
    case "wake_studio":
      return after.host.link === "connected";
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
type Named = Pick<OfInstance, "identifier" | "instance_reference">;

/** The instance that is meant: to the letter where the command says which one. */
function find(activity: Activity, { identifier, instance_reference }: OfInstance) {
  return activity.instances.find((instance) =>
    instance_reference
      ? instance.instance_reference === instance_reference
      : instance.identifier === identifier,
  );
}
