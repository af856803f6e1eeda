import type { Activity, Command, Instance, Slice } from "../protocol/protocol";
import { attend, type Visibility } from "./attend";
import type { Link, Listener, Transport } from "./transport";
import { uniqueName } from "./unique";

/** What servers have begun to load, for which kernel, and what was in memory before. */
const begun: { epoch: string; key: string; before: string[] }[] = [];

/** What only a kernel has a place for: its view, its files, its downloads, its choice of a host. */
const KERNELS_OWN: ReadonlySet<Command["kind"]> = new Set([
  "attend",
  "list_hosts",
  "switch_host",
  "list_profiles",
  "save_profile",
  "find_downloads",
  "download",
  "pause_download",
  "resume_download",
  "cancel_download",
]);

/** The Jupyter Server's line to one host, and what it says of it. */
interface Side {
  address: string;
  line: Transport;
  isLive: boolean;
  activity: Activity | null;
  close(): void;
}

/** The server's line to the host that is wanted; `update` is called with all that is news there. */
function createSide(server: (address: string) => Transport, page: Visibility, update: () => void) {
  let side: Side | null = null;
  let leave: (() => void) | null = null;

  /** Tell the server that somebody looks, or no longer, for as long as the page is seen. */
  function look(isWanted: boolean): void {
    if (isWanted && side !== null) {
      const { line } = side;
      leave ??= attend((command) => line.send(command), page);
    } else {
      leave?.();
      leave = null;
    }
  }

  function close(): void {
    look(false);
    side?.close();
    side = null;
  }

  function turnTo(address: string): void {
    if (side?.address === address) return;
    close();
    const line = server(address);
    const opened: Side = { address, line, isLive: false, activity: null, close: () => {} };
    side = opened;
    opened.close = line.open({
      link(next) {
        opened.isLive = next === "live";
        if (side === opened) update();
      },
      slice(slice) {
        if (slice.kind !== "activity") return;
        opened.activity = slice;
        if (side === opened) update();
      },
    });
  }

  return { get: () => side, look, close, turnTo };
}

/**
 * A kernel's slices as they are shown: with what the server knows, where that is the same host.
 *
 * @param ours The clicks that the server was given.
 */
function createView(
  server: (address: string) => Transport,
  page: Visibility,
  ours: ReadonlySet<string>,
) {
  const side = createSide(server, page, update);
  let listener: Listener | null = null;
  let link: Link = "opening";
  let reported: Link = "opening";
  let activity: Activity | null = null;
  let revision = 0;

  /** What the server knows, if it is the same host and it answers. */
  function theirs(): Activity | null {
    const known = side.get();
    const seen = known?.isLive ? known.activity : null;
    const same = seen?.host.address === activity?.host.address;
    return same && seen?.host.link === "connected" ? seen : null;
  }

  function tell(next: Link): void {
    if (next !== reported) listener?.link(next);
    reported = next;
  }

  function update(): void {
    if (activity === null || listener === null) return;
    const seen = theirs();
    const isBusy = link === "busy" && seen !== null;
    side.look(isBusy);
    revision = Math.max(revision + 1, activity.revision);
    listener.slice({ ...(seen ? merge(activity, seen, isBusy, ours) : activity), revision });
    tell(isBusy ? "live" : link);
  }

  function receive(slice: Slice): void {
    if (slice.kind === "catalog") {
      listener?.slice(slice);
      return;
    }
    if (slice.epoch !== activity?.epoch) revision = 0;
    activity = slice;
    update();
    // An answer, not a saved notebook: only a kernel that is there needs somebody beside it.
    if (link !== "absent" && slice.host.link === "connected") side.turnTo(slice.host.address);
  }

  return {
    theirs,
    line: () => side.get()?.line ?? null,
    link: () => link,
    activity: () => activity,
    open(kernel: Transport, next: Listener): () => void {
      listener = next;
      const close = kernel.open({
        link(now) {
          link = now;
          if (activity === null) tell(now);
          update();
        },
        slice: receive,
      });
      return () => {
        listener = null;
        side.close();
        close();
      };
    },
  };
}

type View = ReturnType<typeof createView>;

/** Who unloaded and loads what; only whoever unloaded an instance knows how it was. */
function createClicks({ activity, theirs }: View) {
  const undoers = new Map<string, { line: Transport | null; key: string | undefined }>();
  const known = () => [activity(), theirs()].flatMap((slice) => slice?.instances ?? []);
  return {
    undoers,
    note(command: Command, line: Transport | null): void {
      if (command.kind !== "unload" || !command.instance_reference) return;
      const reference = command.instance_reference;
      const left = known().find((instance) => instance.instance_reference === reference);
      undoers.set(reference, { line, key: left?.model_key });
    },
    /** Remember what the server begins to load. */
    begin(command: Command): void {
      let key: string | undefined;
      if (command.kind === "load") key = command.model_key;
      if (command.kind === "load_again") key = undoers.get(command.instance_reference)?.key;
      const before = known().map((instance) => instance.instance_reference);
      const epoch = activity()?.epoch;
      if (key && epoch !== undefined) begun.push({ epoch, key, before });
    },
  };
}

/** Whether the server is the one to carry a command out. */
function isForServer(command: Command, view: View, ours: ReadonlySet<string>): boolean {
  const isBusy = view.link() === "busy";
  switch (command.kind) {
    case "refresh":
      return isBusy;
    case "cancel_load":
      return isBusy || !command.load_id.startsWith(`${view.activity()?.epoch}-`);
    case "dismiss":
      return ours.has(command.problem_id);
    default:
      return !KERNELS_OWN.has(command.kind);
  }
}

/**
 * A kernel's slices, and commands that a busy kernel does not hold up.
 *
 * Where the Jupyter Server has proven to see the kernel's own host, commands go there; where it has
 * not, or says that it cannot, they go to the kernel, at once. What the server knows of our clicks
 * (loads under way, problems) is put into the kernel's slices; while the kernel is too busy to hear
 * that somebody looks, the server's instances are shown.
 *
 * @param server The server's line to the host at an address.
 */
export function withKernelFallback(
  kernel: Transport,
  server: (address: string) => Transport,
  page: Visibility = document,
): Transport {
  const ours = new Set<string>();
  const view = createView(server, page, ours);
  const clicks = createClicks(view);

  /** The line for a command, if it is not to wait for the kernel. */
  function aside(command: Command): Transport | null {
    const line = view.line();
    if (view.theirs() === null || line === null || view.link() === "absent") return null;
    if (command.kind === "load_again") {
      const undoer = clicks.undoers.get(command.instance_reference);
      return undoer ? undoer.line : line;
    }
    return isForServer(command, view, ours) ? line : null;
  }

  return {
    now: kernel.now,
    async send(command) {
      const rid = uniqueName();
      const line = aside(command);
      clicks.note(command, line);
      if (line === null) return kernel.send(command, rid);
      clicks.begin(command);
      ours.add(rid);
      const reply = await line.send(command, rid);
      // It was not begun there. Any other end may have been a beginning: that is not repeated.
      const isElsewhere = reply.kind === "refused" && reply.problem.code === "elsewhere";
      if (!isElsewhere) return reply;
      clicks.note(command, null);
      return kernel.send(command, rid);
    },
    open: (listener) => view.open(kernel, listener),
  };
}

/** The kernel's picture with what the server knows of our clicks; the server's, if we are busy. */
function merge(
  kernel: Activity,
  server: Activity,
  isBusy: boolean,
  ours: ReadonlySet<string>,
): Activity {
  const newest = isBusy && server.now > kernel.now ? server : kernel;
  const other = new Map<string, Instance>();
  for (const instance of (newest === kernel ? server : kernel).instances) {
    other.set(instance.instance_reference, instance);
  }
  const loads = new Set(newest.loads.map(({ load_id }) => load_id));
  return {
    ...newest,
    epoch: kernel.epoch,
    instances: newest.instances.map((instance) => {
      const known = other.get(instance.instance_reference);
      // Until the kernel has looked, it does not know what was loaded for it.
      const knows = newest === kernel ? instance : known;
      const mine =
        knows?.mine ||
        begun.some(
          ({ epoch, key, before }) =>
            epoch === kernel.epoch &&
            key === instance.model_key &&
            !before.includes(instance.instance_reference),
        );
      const owner = instance.owner ?? known?.owner ?? null;
      // The server counts our own kernel among them.
      const users = knows?.users ?? (mine ? [] : instance.users);
      const { differences } = instance.differences.length > 0 ? instance : (known ?? instance);
      return { ...instance, mine, owner, users, differences };
    }),
    loads: [
      ...newest.loads,
      // Others it knows from the host, as the kernel does, and perhaps from long ago.
      ...server.loads.filter(
        ({ load_id }) => load_id.startsWith(`${server.epoch}-`) && !loads.has(load_id),
      ),
    ],
    problems: [
      ...kernel.problems,
      ...server.problems.filter(({ problem_id }) => ours.has(problem_id)),
    ],
  };
}
