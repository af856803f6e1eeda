import type { Attend, Command, Envelope, Reply, Slice } from "../protocol/protocol";
import { attend, type Visibility } from "./attend";
import { createHostClock } from "./hostClock";
import { createReplies, type Replies } from "./replies";
import { type Link, type Listener, refuse, type Transport } from "./transport";
import { uniqueName } from "./unique";

/** After this, a command that was not begun makes no sense any more: a server is never busy. */
export const EXPIRES_S = 10;
/** A link that is back within this was never gone. */
export const FLICKER_MS = 1500;
/** The first and the longest pause before another attempt. */
export const BACK_OFF_MS = [250, 15_000] as const;

/** The server's word for "I am of no use to you": it is not asked again. */
export const ELSEWHERE = 4004;

/** The part of a websocket that is used here. */
export type Socket = Pick<WebSocket, "readyState" | "send" | "close"> & {
  onopen: ((event: Event) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
};

interface Answer {
  rid: string;
  reply: Reply;
}

/** How the line stands, told to all who listen. */
function createLink(listeners: ReadonlySet<Listener>) {
  let link: Link = "opening";
  let doubt: ReturnType<typeof setTimeout> | undefined;
  function calm(): void {
    clearTimeout(doubt);
    doubt = undefined;
  }
  function become(next: Link): void {
    calm();
    if (next === link) return;
    link = next;
    for (const listener of listeners) listener.link(next);
  }
  return {
    get: () => link,
    become,
    /** It broke, and may be back before anybody need know. */
    doubt() {
      doubt ??= setTimeout(() => become("absent"), FLICKER_MS);
    },
    reset() {
      calm();
      link = "opening";
    },
  };
}

/** The next attempt: later each time, until one succeeds. */
function createRetry(start: () => void) {
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    later() {
      const [first, longest] = BACK_OFF_MS;
      const pause = Math.min(longest, first * 2 ** failures) * (0.5 + Math.random() / 2);
      failures += 1;
      timer = setTimeout(start, pause);
    },
    succeeded() {
      failures = 0;
    },
    /** Do not wait for the next attempt: something says that it will succeed. */
    hurry() {
      failures = 0;
      if (timer !== undefined) start();
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

/** What comes in: slices for all who listen, replies, and with both the host's clock. */
function createInbox(listeners: ReadonlySet<Listener>, replies: Replies) {
  const newest = new Map<Slice["kind"], Slice>();
  const clock = createHostClock();
  let epoch = "";
  /** The clock was heard from a reply: a slice may have been made long before it came. */
  let isSure = false;
  return {
    newest,
    now: clock.now,
    /** Until when a command may be begun; `null` where the host's clock is not known well. */
    expiry({ kind }: Command): number | null {
      const now = clock.now();
      return kind !== "attend" && now !== null && isSure ? now + EXPIRES_S : null;
    },
    receive(message: Slice | Answer): void {
      if ("rid" in message) {
        if (message.reply.kind === "accepted") {
          clock.hear(message.reply.now);
          isSure = true;
        }
        replies.settle(message.rid, message.reply);
        return;
      }
      if (message.epoch !== epoch) {
        clock.reset();
        isSure = false;
      }
      epoch = message.epoch;
      if (message.kind === "activity") clock.hear(message.now);
      newest.set(message.kind, message);
      for (const listener of listeners) listener.slice(message);
    },
  };
}

/** What goes out, and what waits for a socket. */
function createOutbox(expiry: (command: Command) => number | null) {
  const lookers = new Map<string, Attend>();
  const unsent: string[] = [];
  function post(socket: Socket | null, command: Command, rid: string): void {
    const envelope: Envelope = { rid, expires_at: expiry(command), command };
    const text = JSON.stringify(envelope);
    if (socket?.readyState === WebSocket.OPEN) socket.send(text);
    else if (command.kind !== "attend") unsent.push(text);
  }
  return {
    post,
    unsent,
    /** Remember who looks: whoever closes a socket forgets it. */
    note(command: Command): void {
      if (command.kind !== "attend") return;
      if (command.visible) lookers.set(command.viewer, command);
      else lookers.delete(command.viewer);
    },
    resume(socket: Socket): void {
      for (const command of lookers.values()) post(socket, command, uniqueName());
      for (const text of unsent.splice(0)) socket.send(text);
    },
  };
}

/**
 * Talk to the Jupyter Server over one websocket, however many parts of the page listen.
 *
 * It is opened with the first listener and closed with the last; when it breaks, it is opened
 * again, later each time, and at once when the network is said to be back.
 */
export function jupyterLine(connect: () => Socket, network: EventTarget = window): Transport {
  const listeners = new Set<Listener>();
  const replies = createReplies();
  const link = createLink(listeners);
  const retry = createRetry(start);
  const inbox = createInbox(listeners, replies);
  const outbox = createOutbox(inbox.expiry);
  let socket: Socket | null = null;

  function start(): void {
    retry.stop();
    const opened = connect();
    socket = opened;
    opened.onopen = () => {
      retry.succeeded();
      link.become("live");
      outbox.resume(opened);
    };
    opened.onmessage = ({ data }) => inbox.receive(JSON.parse(data));
    opened.onclose = ({ code }) => {
      if (socket !== opened) return;
      drop(refuse("no_answer", "The connection to Jupyter broke before an answer came."));
      if (code === ELSEWHERE) link.become("absent");
      else if (listeners.size > 0) {
        link.doubt();
        retry.later();
      }
    };
  }

  /** Forget the socket. What is refused must not be carried out after all. */
  function drop(reply: Reply): void {
    socket = null;
    outbox.unsent.length = 0;
    replies.settleAll(reply);
  }

  function stop(): void {
    retry.stop();
    network.removeEventListener("online", retry.hurry);
    const closing = socket;
    drop(refuse("closed", "The panel is closed."));
    closing?.close();
    inbox.newest.clear();
    link.reset();
  }

  return {
    now: inbox.now,
    send(command, rid = uniqueName()) {
      outbox.note(command);
      if (listeners.size === 0 || (link.get() === "absent" && socket === null)) {
        return Promise.resolve(refuse("no_answer", "There is no connection to Jupyter."));
      }
      const reply = replies.expect(rid, "Jupyter did not answer.", EXPIRES_S * 1000);
      outbox.post(socket, command, rid);
      return reply;
    },
    open(listener) {
      listeners.add(listener);
      if (listeners.size === 1) {
        network.addEventListener("online", retry.hurry);
        start();
      } else {
        listener.link(link.get());
        for (const slice of inbox.newest.values()) listener.slice(slice);
      }
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) stop();
      };
    },
  };
}

/** The same line for a part of the page that somebody may look at. */
export function lookedAt(line: Transport, page: Visibility): Transport {
  return {
    ...line,
    open(listener) {
      const close = line.open(listener);
      const leave = attend((command) => line.send(command), page);
      return () => {
        leave();
        close();
      };
    },
  };
}
