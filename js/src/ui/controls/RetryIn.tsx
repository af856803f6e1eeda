import { useRef } from "preact/hooks";
import { duration } from "../text/format";
import { useWords } from "../text/words";
import { put, useTick } from "./clock";

/** When a lost host is tried again. It counts down, and is not read out while it does. */
export function RetryIn({ retry_at, now }: { retry_at: number; now: () => number }) {
  const { strings } = useWords();
  const text = useRef<HTMLSpanElement>(null);
  useTick(text, true, () => {
    const left_s = retry_at - now();
    put(
      text.current,
      left_s < 1 ? strings.retrying : strings.retryIn(duration(Math.round(left_s))),
    );
  });
  return <span ref={text} class="lms-RetryIn" role="timer" />;
}
