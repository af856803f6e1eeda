import type { Link } from "./transport";

/** How long a question may stay open before the link is doubted. */
export const PATIENCE_MS = 3000;

/** Judges the link by what is heard and by what stays unanswered. */
export interface Pulse {
  /** Something was sent that will be answered. */
  asked(): void;
  /** Something came in. */
  heard(): void;
  /** The other side is gone, until something is heard. */
  lost(): void;
  /** The other side is gone for good. */
  ended(): void;
  stop(): void;
}

export function createPulse(tell: (link: Link) => void): Pulse {
  let link: Link = "opening";
  let doubt: ReturnType<typeof setTimeout> | undefined;
  let over = false;
  const become = (next: Link) => {
    if (next === link) return;
    link = next;
    tell(next);
  };
  const stop = () => {
    clearTimeout(doubt);
    doubt = undefined;
  };
  return {
    asked() {
      if (doubt !== undefined || over) return;
      doubt = setTimeout(
        () => become(link === "live" ? "busy" : link === "opening" ? "absent" : link),
        PATIENCE_MS,
      );
    },
    heard() {
      stop();
      if (!over) become("live");
    },
    lost() {
      stop();
      become("absent");
    },
    ended() {
      stop();
      over = true;
      become("absent");
    },
    stop,
  };
}
