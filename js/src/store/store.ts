import type {
  Activity,
  Catalog,
  Command,
  LoadRequest,
  Problem,
  Reply,
  Slice,
} from "../protocol/protocol";
import type { Link, Transport } from "../transport/transport";
import { remember, type Span } from "./history";
import { isSettled, type Pending, type Subject, subject } from "./pending";
import { keep, later, recall } from "./recall";
import { share } from "./share";
import { noteUse } from "./used";

/** After this without a reply, the kernel is said to be busy. */
export const QUEUED_MS = 1000;
/** A taken command whose effect is not seen by then no longer holds its button. */
export const TAKEN_MS = 5000;

/** What changes nothing, and is done when it is answered. */
export type Question = Extract<
  Command,
  { kind: "estimate" | "find_downloads" | "list_hosts" | "list_profiles" | "read_diary" }
>;

export interface State {
  catalog: Catalog | null;
  activity: Activity | null;
  /** What was in memory in the last minutes. */
  history: readonly Span[];
  /** When each model of this host was last used, as far as was seen: here or by earlier pages. */
  used: ReadonlyMap<string, number>;
  link: Link;
  /** Clicks that have not had their effect yet, by subject. */
  pending: ReadonlyMap<Subject, Pending>;
  /** Why a click was not taken, by subject: shown where the click was. */
  refusals: ReadonlyMap<Subject, Problem>;
}

export interface Store {
  get(): State;
  subscribe(listener: () => void): () => void;
  /** Send a command, unless the same one is still under way. */
  send(command: Command): Promise<void>;
  /** Ask something that changes nothing. */
  ask(question: Question): Promise<Reply>;
  /** The host's clock, Unix seconds. */
  now(): number;
  /** How a model was last asked for from here, to try it again. */
  lastLoad(model_key: string | null): LoadRequest | undefined;
  /** Forget why a click was refused. */
  forgive(subject: Subject): void;
  close(): void;
}

const EMPTY: State = {
  catalog: null,
  activity: null,
  history: [],
  used: new Map(),
  link: "opening",
  pending: new Map(),
  refusals: new Map(),
};

/** Keep the newest slice of each kind, and what became of each click. */
export function createStore(transport: Transport): Store {
  let state = EMPTY;
  let open = true;
  const listeners = new Set<() => void>();
  const loads = new Map<string | null, LoadRequest>();
  const timers = new Map<Subject, ReturnType<typeof setTimeout>>();

  function set(change: Partial<State>): void {
    if (!open) return;
    state = { ...state, ...change };
    for (const listener of listeners) listener();
  }

  function follow(name: Subject, pending: Pending | null): void {
    clearTimeout(timers.get(name));
    timers.delete(name);
    set({ pending: withEntry(state.pending, name, pending) });
    if (pending === null || pending.phase === "queued" || !open) return;
    const [after, next] =
      pending.phase === "sent"
        ? [QUEUED_MS, { ...pending, phase: "queued" as const }]
        : [TAKEN_MS, null];
    const timer = setTimeout(() => follow(name, next), after);
    timers.set(name, timer);
  }

  function refused(name: Subject, problem: Problem | null): void {
    set({ refusals: withEntry(state.refusals, name, problem) });
  }

  function receive(slice: Slice): void {
    if (!isNewer(slice, state[slice.kind])) return;
    set(withSlice(state, slice));
    if (slice.kind === "catalog") return;
    for (const [name, pending] of state.pending) {
      if (pending.phase === "taken" && isSettled(pending, slice)) follow(name, null);
    }
  }

  const close = transport.open({ slice: receive, link: (link) => set({ link }) });
  return {
    get: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async send(command) {
      const name = subject(command);
      if (state.pending.has(name)) return;
      if (command.kind === "load") loads.set(command.model_key, command);
      const pending: Pending = { command, phase: "sent", before: state.activity };
      refused(name, null);
      follow(name, pending);
      const reply = await transport.send(command);
      if (reply.kind === "refused") refused(name, reply.problem);
      const done = reply.kind !== "accepted" || isSettled(pending, state.activity);
      follow(name, done ? null : { ...pending, phase: "taken" });
    },
    ask: (question) => transport.send(question),
    lastLoad: (model_key) => loads.get(model_key),
    now: () => transport.now() ?? 0,
    forgive: (name) => refused(name, null),
    close() {
      open = false;
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
      close();
    },
  };
}

/** What changes with a new slice. */
function withSlice(state: State, slice: Slice): Partial<State> {
  if (slice.kind === "catalog") return { catalog: share(slice, state.catalog) };
  const before = state.activity?.epoch === slice.epoch ? state.history : [];
  return {
    used: usedUntil(state, slice),
    activity: share(slice, state.activity),
    history: remember(before, slice),
  };
}

/** When models were used, as this slice shows it; what is news is kept for pages to come. */
function usedUntil({ activity, used }: State, slice: Activity): State["used"] {
  const { address } = slice.host;
  const isNew = activity?.host.address !== address;
  const seen = noteUse(isNew ? EMPTY.used : used, slice);
  if (!isNew && seen === used) return seen;
  keep(address, seen);
  return isNew ? later(recall(address), seen) : seen;
}

/** A higher revision wins; a new epoch (kernel restart, other host) always wins. */
function isNewer(slice: Slice, known: Slice | null): boolean {
  return slice.epoch !== known?.epoch || slice.revision > known.revision;
}

/** A copy of the map with one entry put in, or left out. */
function withEntry<T>(map: ReadonlyMap<Subject, T>, name: Subject, value: T | null) {
  const copy = new Map(map);
  if (value === null) copy.delete(name);
  else copy.set(name, value);
  return copy;
}
