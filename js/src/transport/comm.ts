import type { Command, Envelope, Reply, Slice } from "../protocol/protocol";
import { attend } from "./attend";
import { createHostClock } from "./hostClock";
import { createPulse, type Pulse } from "./pulse";
import { type Listener, refuse, type Transport } from "./transport";
import { uniqueName } from "./unique";

/** After this, a command that was not begun makes no sense any more. */
export const EXPIRES_S = 30;

/** The part of anywidget's model that is used here. */
export interface WidgetModel {
  get(name: string): unknown;
  on(event: string, callback: (...given: never[]) => void): void;
  off(event: string, callback: (...given: never[]) => void): void;
  send(content: unknown): void;
  set(name: string, value: unknown): void;
  save_changes(): void;
}

/** What Python answers on the comm. No key is called `id`: ipykernel keeps those for ever. */
interface Answer {
  rid: string;
  reply: Reply;
}

/** Talk to the kernel through a widget's model: traits are slices, custom messages are commands. */
export function commTransport(model: WidgetModel, page: Document = document): Transport {
  const waiting = new Map<string, (reply: Reply) => void>();
  const clock = createHostClock();
  let pulse: Pulse | null = null;
  let epoch = "";

  function deliver(listener: Listener, name: string): void {
    const slice = readSlice(model.get(name));
    if (slice === null) return;
    if (slice.epoch !== epoch) clock.reset();
    epoch = slice.epoch;
    if (slice.kind === "activity") clock.hear(slice.now);
    listener.slice(slice);
  }

  function expiry(command: Command): number | null {
    const now = clock.now();
    // Being looked at never goes stale: a late one only keeps the watch up a little longer.
    return command.kind === "attend" || now === null ? null : now + EXPIRES_S;
  }

  function send(command: Command, rid = uniqueName()): Promise<Reply> {
    const beat = pulse;
    if (beat === null) return Promise.resolve(refuse("closed", "The panel is closed."));
    return new Promise((resolve) => {
      const envelope: Envelope = { rid, expires_at: expiry(command), command };
      const give = () => waiting.get(rid)?.(refuse("no_answer", "The kernel did not answer."));
      const timer = command.kind === "attend" ? undefined : setTimeout(give, EXPIRES_S * 1000);
      waiting.set(rid, (reply) => {
        clearTimeout(timer);
        waiting.delete(rid);
        resolve(reply);
      });
      try {
        model.send(envelope);
        beat.asked();
      } catch {
        // The front end has seen the kernel die.
        beat.lost();
        give();
      }
    });
  }

  return {
    send,
    now: clock.now,
    open(listener) {
      const beat = createPulse(listener.link);
      pulse = beat;
      const changed = (name: string) => () => {
        deliver(listener, name);
        beat.heard();
      };
      const onAnswer = (answer: Answer) => {
        if (typeof answer?.rid !== "string") return;
        if (answer.reply.kind === "accepted") clock.hear(answer.reply.now);
        beat.heard();
        waiting.get(answer.rid)?.(answer.reply);
      };
      const events: [string, (...given: never[]) => void][] = [
        ["change:catalog", changed("catalog")],
        ["change:activity", changed("activity")],
        ["msg:custom", onAnswer as (...given: never[]) => void],
        ["comm:close", () => beat.ended()],
        ["comm_live_update", () => probe()],
      ];
      for (const [event, callback] of events) model.on(event, callback);
      deliver(listener, "catalog");
      deliver(listener, "activity");
      const look = (command: Command) => send(command);
      let leave = attend(look, page);
      /** The front end says that the kernel came or went, not which: whoever answers is there. */
      const probe = () => {
        beat.lost();
        leave();
        leave = attend(look, page);
      };
      return () => {
        leave();
        beat.stop();
        pulse = null;
        for (const [event, callback] of events) model.off(event, callback);
        for (const settle of [...waiting.values()])
          settle(refuse("closed", "The panel is closed."));
      };
    },
  };
}

/** Before the manager has spoken, a trait is an empty dict. */
function readSlice(value: unknown): Slice | null {
  const kind = (value as Slice | null)?.kind;
  return kind === "catalog" || kind === "activity" ? (value as Slice) : null;
}
