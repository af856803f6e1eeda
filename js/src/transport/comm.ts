import type { Command, Envelope, Reply, Slice } from "../protocol/protocol";
import { attend } from "./attend";
import { createHostClock, type HostClock } from "./hostClock";
import { pullFrom } from "./pull";
import { createPulse, type Pulse } from "./pulse";
import { createReplies } from "./replies";
import { type Listener, refuse, type Transport } from "./transport";
import { uniqueName } from "./unique";
import { listenTo, type WidgetModel } from "./widgetModel";

/** After this, a command that was not begun makes no sense any more. */
export const EXPIRES_S = 30;

const CLOSED = "The panel is closed.";
const NO_ANSWER = "The kernel did not answer.";

/** What Python answers on the comm. No key is called `id`: ipykernel keeps those for ever. */
interface Answer {
  rid: string;
  reply: Reply;
}

/** Read the slices of a model, and the host's clock with them. */
function createReader(model: WidgetModel, clock: HostClock) {
  let epoch = "";
  return (name: string, listener: Listener): void => {
    const slice = readSlice(model.get(name));
    if (slice === null) return;
    if (slice.epoch !== epoch) clock.reset();
    epoch = slice.epoch;
    if (slice.kind === "activity") clock.hear(slice.now);
    listener.slice(slice);
  };
}

/** Talk to the kernel through a widget's model: traits are slices, custom messages are commands. */
export function commTransport(model: WidgetModel, page: Document = document): Transport {
  const replies = createReplies();
  const clock = createHostClock();
  const deliver = createReader(model, clock);
  let pulse: Pulse | null = null;

  function send(command: Command, rid = uniqueName()): Promise<Reply> {
    if (pulse === null) return Promise.resolve(refuse("closed", CLOSED));
    const now = clock.now();
    // Being looked at never goes stale: a late one only keeps the watch up a little longer.
    const stays = command.kind === "attend";
    const expires_at = stays || now === null ? null : now + EXPIRES_S;
    const reply = replies.expect(rid, NO_ANSWER, stays ? null : EXPIRES_S * 1000);
    try {
      model.send({ rid, expires_at, command } satisfies Envelope);
      pulse.asked();
    } catch {
      // The front end has seen the kernel die.
      pulse.lost();
      replies.settle(rid, refuse("no_answer", NO_ANSWER));
    }
    return reply;
  }

  return {
    send,
    now: clock.now,
    open(listener) {
      const beat = createPulse(listener.link);
      pulse = beat;
      const changed = (name: string) => () => {
        deliver(name, listener);
        beat.heard();
      };
      const look = (command: Command) => send(command);
      let leave = () => {};
      const unlisten = listenTo(model, {
        "change:catalog": changed("catalog"),
        "change:activity": changed("activity"),
        "msg:custom": (answer: Answer) => {
          if (typeof answer?.rid !== "string") return;
          if (answer.reply.kind === "accepted") clock.hear(answer.reply.now);
          beat.heard();
          replies.settle(answer.rid, answer.reply);
        },
        "comm:close": beat.ended,
        // The front end says that the kernel came or went, not which: whoever answers is there.
        comm_live_update: () => {
          beat.lost();
          leave();
          leave = attend(look, page);
        },
      });
      deliver("catalog", listener);
      deliver("activity", listener);
      leave = attend(look, page);
      const unpull = model.get("pulls") ? pullFrom(model, beat, page) : () => {};
      return () => {
        leave();
        unpull();
        beat.stop();
        pulse = null;
        unlisten();
        replies.settleAll(refuse("closed", CLOSED));
      };
    },
  };
}

/** Before the manager has spoken, a trait is an empty dict. */
function readSlice(value: unknown): Slice | null {
  const kind = (value as Slice | null)?.kind;
  return kind === "catalog" || kind === "activity" ? (value as Slice) : null;
}
