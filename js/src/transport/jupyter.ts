import type { Attend, Command, Envelope, Reply, Slice } from "../protocol/protocol";
import { attend, type Visibility } from "./attend";
import { createHostClock } from "./hostClock";
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

/**
 * Talk to the Jupyter Server over one websocket, however many parts of the page listen.
 *
 * It is opened with the first listener and closed with the last; when it breaks, it is opened
 * again, later each time, and at once when the network is said to be back.
 */
export function jupyterLine(connect: () => Socket, network: EventTarget = window): Transport {
  const listeners = new Set<Listener>();
  const newest = new Map<Slice["kind"], Slice>();
  const waiting = new Map<string, (reply: Reply) => void>();
  const lookers = new Map<string, Attend>();
  const unsent: string[] = [];
  const clock = createHostClock();
  let socket: Socket | null = null;
  let link: Link = "opening";
  let failures = 0;
  let epoch = "";
  /** The clock was heard from a reply: a slice may have been made long before it came. */
  let isSure = false;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let doubt: ReturnType<typeof setTimeout> | undefined;

  function become(next: Link): void {
    clearTimeout(doubt);
    doubt = undefined;
    if (next === link) return;
    link = next;
    for (const listener of listeners) listener.link(next);
  }

  function doubtSoon(): void {
    doubt ??= setTimeout(() => become("absent"), FLICKER_MS);
  }

  function start(): void {
    clearTimeout(retry);
    retry = undefined;
    const opened = connect();
    socket = opened;
    opened.onopen = () => {
      failures = 0;
      become("live");
      // Whoever closed the old socket forgot that we were looking.
      for (const command of lookers.values()) post(command, uniqueName());
      for (const text of unsent.splice(0)) opened.send(text);
    };
    opened.onmessage = ({ data }) => receive(JSON.parse(data));
    opened.onclose = ({ code }) => {
      if (socket !== opened) return;
      socket = null;
      // What was refused must not be carried out after all.
      unsent.length = 0;
      settleAll(refuse("no_answer", "The connection to Jupyter broke before an answer came."));
      if (code === ELSEWHERE) become("absent");
      if (code === ELSEWHERE || listeners.size === 0) return;
      doubtSoon();
      const [first, longest] = BACK_OFF_MS;
      const pause = Math.min(longest, first * 2 ** failures) * (0.5 + Math.random() / 2);
      failures += 1;
      retry = setTimeout(start, pause);
    };
  }

  /** Do not wait for the next attempt: something says that it will succeed. */
  function hurry(): void {
    failures = 0;
    if (retry !== undefined) start();
  }

  function stop(): void {
    clearTimeout(retry);
    clearTimeout(doubt);
    retry = doubt = undefined;
    network.removeEventListener("online", hurry);
    const closing = socket;
    socket = null;
    closing?.close();
    unsent.length = 0;
    settleAll(refuse("closed", "The panel is closed."));
    newest.clear();
    link = "opening";
  }

  function receive(message: Slice | Answer): void {
    if ("rid" in message) {
      if (message.reply.kind === "accepted") {
        clock.hear(message.reply.now);
        isSure = true;
      }
      waiting.get(message.rid)?.(message.reply);
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
  }

  function post(command: Command, rid: string): void {
    const now = clock.now();
    const expires = command.kind !== "attend" && now !== null && isSure;
    const envelope: Envelope = { rid, expires_at: expires ? now + EXPIRES_S : null, command };
    const text = JSON.stringify(envelope);
    if (socket?.readyState === WebSocket.OPEN) socket.send(text);
    else if (command.kind !== "attend") unsent.push(text);
  }

  function settleAll(reply: Reply): void {
    for (const settle of [...waiting.values()]) settle(reply);
  }

  return {
    now: clock.now,
    send(command, rid = uniqueName()) {
      if (command.kind === "attend") {
        if (command.visible) lookers.set(command.viewer, command);
        else lookers.delete(command.viewer);
      }
      if (listeners.size === 0 || (link === "absent" && socket === null)) {
        return Promise.resolve(refuse("no_answer", "There is no connection to Jupyter."));
      }
      return new Promise((resolve) => {
        const give = () => waiting.get(rid)?.(refuse("no_answer", "Jupyter did not answer."));
        const timer = setTimeout(give, EXPIRES_S * 1000);
        waiting.set(rid, (reply) => {
          clearTimeout(timer);
          waiting.delete(rid);
          resolve(reply);
        });
        post(command, rid);
      });
    },
    open(listener) {
      listeners.add(listener);
      if (listeners.size === 1) {
        network.addEventListener("online", hurry);
        start();
      } else {
        listener.link(link);
        for (const slice of newest.values()) listener.slice(slice);
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
