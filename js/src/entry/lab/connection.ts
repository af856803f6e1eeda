import { createStore, type State, type Store } from "../../store/store";
import { after } from "../../transport/after";
import { jupyterLine } from "../../transport/jupyter";
import type { Transport } from "../../transport/transport";
import type { Hosts, Server } from "./server";

/** What all parts of the page share: one line to one host, and what is known from it. */
export interface Connection {
  readonly server: Server;
  readonly host: string;
  readonly line: Transport;
  readonly store: Store;
  /** What the Jupyter Server says of itself, once it has. */
  readonly known: Hosts | null;
  /** Talk to another of the configured hosts. */
  choose(host: string): void;
  /** Take what the Jupyter Server says which hosts there are. */
  learn(hosts: Hosts): void;
  /** Ask again which hosts there are: one may have got a name since. */
  look(): void;
  /** Have a calm host asked this often while somebody looks. */
  pace(everySeconds: number): void;
  /** Call at once and with every change of what is known. */
  watch(listener: (state: State) => void): () => void;
  /** Call when there is another line, or the list of hosts is known. */
  onHost(listener: () => void): () => void;
}

/** Between two questions which hosts there are. */
export const LOOK_MS = 1000;

/** Return what asks which hosts there are, at most once a moment. */
function lookAt(server: Server, ready: Promise<unknown>, tell: (hosts: Hosts) => void) {
  let isAsking = false;
  let askedAt = 0;
  return async (): Promise<void> => {
    if (isAsking || Date.now() < askedAt + LOOK_MS) return;
    isAsking = true;
    try {
      await ready;
      const hosts = await server.hosts();
      askedAt = Date.now();
      tell(hosts);
    } catch {
      // An old or a disabled extension on the server: the panel itself says that nobody answers.
    } finally {
      isAsking = false;
    }
  };
}

/** Nothing is asked of the Jupyter Server before `ready`: a page that starts has enough to do. */
export function createConnection(server: Server, ready: Promise<unknown>): Connection {
  const watchers = new Set<(state: State) => void>();
  const listeners = new Set<() => void>();
  let known: Hosts | null = null;
  let host = "";
  let every = 1;
  const lineTo = (to: string, often: number) =>
    after(
      ready,
      jupyterLine(() => server.connect(to, often)),
    );
  let line = lineTo(host, every);
  let store = createStore(line);
  const tell = () => {
    for (const watcher of watchers) watcher(store.get());
  };
  const follow = () => store.subscribe(tell);
  let unfollow = follow();

  function connectAgain(): void {
    unfollow();
    store.close();
    line = lineTo(host, every);
    store = createStore(line);
    unfollow = follow();
    tell();
    for (const listener of listeners) listener();
  }

  const learn = (hosts: Hosts) => {
    if (JSON.stringify(hosts) === JSON.stringify(known)) return;
    known = hosts;
    for (const listener of listeners) listener();
  };
  const look = lookAt(server, ready, learn);
  void look();
  return {
    server,
    get host() {
      return host;
    },
    get line() {
      return line;
    },
    get store() {
      return store;
    },
    get known() {
      return known;
    },
    choose(next) {
      if (next === host) return;
      host = next;
      connectAgain();
    },
    learn,
    look: () => void look(),
    pace(seconds) {
      if (seconds === every) return;
      every = seconds;
      connectAgain();
    },
    watch(watcher) {
      watchers.add(watcher);
      watcher(store.get());
      return () => watchers.delete(watcher);
    },
    onHost(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
