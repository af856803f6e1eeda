import { useEffect, useRef, useState } from "preact/hooks";
import type { Reply } from "../../protocol/protocol";

/** Long enough not to ask at every step of a slider. */
export const PAUSE_MS = 300;

/** Ask again a moment after the question has changed; keep the last answer until the next. */
export function useEstimate(ask: () => Promise<Reply>, question: string): Reply | null {
  const [reply, setReply] = useState<Reply | null>(null);
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    let wanted = true;
    const timer = setTimeout(async () => {
      const answer = await latest.current();
      if (wanted) setReply(answer);
    }, PAUSE_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [question]);
  return reply;
}
