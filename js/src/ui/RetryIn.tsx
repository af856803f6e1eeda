import { useRef } from "preact/hooks";
import { useTick } from "./clock";
import { duration } from "./format";
import { useWords } from "./words";

/** When a lost host is tried again. It counts down, and is not read out while it does. */
export function RetryIn({ retry_at, now }: { retry_at: number; now: () => number }) {
  const { strings } = useWords();
  const text = useRef<HTMLSpanElement>(null);
  useTick(text, true, () => {
    const left_s = retry_at - now();
    const shown = left_s < 1 ? strings.retrying : strings.retryIn(duration(Math.round(left_s)));
    if (text.current && text.current.textContent !== shown) text.current.textContent = shown;
  });
  return <span ref={text} class="lms-RetryIn" role="timer" />;
}
