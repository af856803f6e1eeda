import type { Activity, Command, Envelope, Reply, Slice } from "../protocol/protocol";
import { attend } from "./attend";
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
}

/** What Python answers on the comm. No key is called `id`: ipykernel keeps those for ever. */
interface Answer {
  rid: string;
  reply: Reply;
}

/**
 * Talk to the kernel through a widget's model: traits are slices, custom messages are commands.
 *
 * `arrived` tells when a slice that the model holds already came in, if that is known.
 */
export function commTransport(
  model: WidgetModel,
  arrived: (slice: Slice) => number = () => performance.now(),
  page: Document = document,
): Transport {
  const waiting = new Map<string, (reply: Reply) => void>();
  let pulse: Pulse | null = null;
  let clock: { activity: Activity; arrived: number } | null = null;

  function deliver(listener: Listener, name: string, came?: number): void {
    const slice = readSlice(model.get(name));
    if (slice === null) return;
    const at = came ?? arrived(slice);
    if (slice.kind === "activity") clock = { activity: slice, arrived: at };
    listener.slice(slice, at);
  }

  function expiry(command: Command): number | null {
    // Being looked at never goes stale: a late one only keeps the watch up a little longer.
    if (command.kind === "attend" || clock === null) return null;
    return clock.activity.now + (performance.now() - clock.arrived) / 1000 + EXPIRES_S;
  }

  function send(command: Command): Promise<Reply> {
    const beat = pulse;
    if (beat === null) return Promise.resolve(refuse("closed", "The panel is closed."));
    return new Promise((resolve) => {
      const rid = uniqueName();
      const envelope: Envelope = { rid, expires_at: expiry(command), command };
      const give = () => waiting.get(rid)?.(refuse("no_answer", "The kernel did not answer."));
      const timer = command.kind === "attend" ? undefined : setTimeout(give, EXPIRES_S * 1000);
      waiting.set(rid, (reply) => {
        clearTimeout(timer);
        waiting.delete(rid);
        resolve(reply);
      });
      model.send(envelope);
      beat.asked();
    });
  }

  return {
    send,
    open(listener) {
      const beat = createPulse(listener.link);
      pulse = beat;
      const changed = (name: string) => () => {
        deliver(listener, name, performance.now());
        beat.heard();
      };
      const onAnswer = (answer: Answer) => {
        if (typeof answer?.rid !== "string") return;
        beat.heard();
        waiting.get(answer.rid)?.(answer.reply);
      };
      const events: [string, (...given: never[]) => void][] = [
        ["change:catalog", changed("catalog")],
        ["change:activity", changed("activity")],
        ["msg:custom", onAnswer as (...given: never[]) => void],
        ["comm:close", () => beat.ended()],
      ];
      for (const [event, callback] of events) model.on(event, callback);
      deliver(listener, "catalog");
      deliver(listener, "activity");
      const leave = attend(send, page);
      return () => {
        leave();
        beat.stop();
        pulse = null;
        for (const [event, callback] of events) model.off(event, callback);
        for (const settle of [...waiting.values()]) settle(refuse("closed", "The panel is closed."));
      };
    },
  };
}

/** Before the manager has spoken, a trait is an empty dict. */
function readSlice(value: unknown): Slice | null {
  const kind = (value as Slice | null)?.kind;
  return kind === "catalog" || kind === "activity" ? (value as Slice) : null;
}
