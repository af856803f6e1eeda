import type { Visibility } from "./attend";
import type { Pulse } from "./pulse";
import { listenTo, type WidgetModel } from "./widgetModel";

/** How soon after an answer the next question is asked. */
export const PULL_MS = 1000;
/** An answer this late is not coming: the message was lost. */
const LOST_MS = 60_000;

/**
 * Ask a kernel what is new, again and again for as long as the page is visible, and until the
 * returned function is called: where the kernel's other threads are not heard, nothing comes unasked.
 *
 * What is new comes before the answer. A kernel that is busy gets one question, not a queue of them.
 */
export function pullFrom(model: WidgetModel, pulse: Pulse, page: Visibility): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const next = (ms: number) => {
    clearTimeout(timer);
    timer = page.visibilityState === "visible" ? setTimeout(ask, ms) : undefined;
  };
  const ask = () => {
    next(LOST_MS);
    try {
      model.send({ pull: true });
      pulse.asked();
    } catch {
      // The front end has seen the kernel die.
      pulse.lost();
    }
  };
  const again = () => next(0);
  const unlisten = listenTo(model, {
    "msg:custom": (answer: { pulled?: true } | null) => {
      if (!answer?.pulled) return;
      pulse.heard();
      next(PULL_MS);
    },
    // The kernel came or went: what was asked is forgotten.
    comm_live_update: again,
  });
  page.addEventListener("visibilitychange", again);
  again();
  return () => {
    page.removeEventListener("visibilitychange", again);
    clearTimeout(timer);
    unlisten();
  };
}
