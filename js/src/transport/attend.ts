import type { Attend, Reply } from "../protocol/protocol";
import { uniqueName } from "./unique";

/** Well before the lease that Python gives a viewer runs out. */
export const EVERY_MS = 20_000;
/** An answer this late is not coming: the message was lost. */
const LOST_MS = 60_000;

/** A page, or a part of one, that can be seen or not; tells when that changes. */
export type Visibility = Pick<
  Document,
  "visibilityState" | "addEventListener" | "removeEventListener"
>;

/**
 * Say "somebody is looking" for as long as the page is visible.
 *
 * A kernel that is busy gets one such message, not a queue of them; as soon as it answers late, it
 * gets the next. Calling the returned function says "nobody is looking" and ends it.
 */
export function attend(send: (command: Attend) => Promise<Reply>, page: Visibility): () => void {
  const viewer = uniqueName();
  let timer: ReturnType<typeof setInterval> | undefined;
  let asked: number | null = null;

  const say = (visible: boolean) => send({ kind: "attend", viewer, visible });
  const beat = () => {
    const now = performance.now();
    if (asked !== null && now - asked < LOST_MS) return;
    asked = now;
    say(true).then(() => {
      if (asked !== now) return;
      asked = null;
      if (timer !== undefined && performance.now() - now > EVERY_MS) beat();
    });
  };
  const start = () => {
    asked = null;
    timer = setInterval(beat, EVERY_MS);
    beat();
  };
  const stop = () => {
    if (timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
    say(false);
  };
  const turn = () => (page.visibilityState === "visible" ? start() : stop());

  page.addEventListener("visibilitychange", turn);
  if (page.visibilityState === "visible") start();
  return () => {
    page.removeEventListener("visibilitychange", turn);
    stop();
  };
}
