import type { ComponentChild } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** More than the list shows at once. */
const FIRST = 20;
const MORE = 60;

/**
 * The first part of a long list, that grows as its end comes into view.
 *
 * With thousands of models a keystroke draws a few dozen rows. A new `question` starts over.
 */
export function useGrowing<T>(
  all: readonly T[],
  question: string,
  /** It has no end of its own in sight for now, and stays as it is. */
  paused: boolean,
): { shown: readonly T[]; end: ComponentChild } {
  const [drawn, setDrawn] = useState({ question, count: FIRST });
  const count = drawn.question === question ? drawn.count : FIRST;
  const mark = useRef<HTMLLIElement>(null);
  const more = count < all.length;

  useEffect(() => {
    if (mark.current === null || paused) return;
    const watch = new IntersectionObserver((seen) => {
      if (seen.some((entry) => entry.isIntersecting)) setDrawn({ question, count: count + MORE });
    });
    watch.observe(mark.current);
    return () => watch.disconnect();
  }, [question, count, more, paused]);

  return {
    shown: more ? all.slice(0, count) : all,
    end: more && <li key="end" ref={mark} class="lms-List-end" aria-hidden="true" />,
  };
}
