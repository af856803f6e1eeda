import type { ComponentChild } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../controls/Button";
import { usePlace } from "../controls/place";
import { useWords } from "../text/words";

/** More than a sidebar shows at once; as much as a cell, which has no end in sight, begins with. */
const FIRST = { sidebar: 20, cell: 12 };
const MORE = 60;

/**
 * The first part of a long list. In the sidebar it grows as its end comes into view; in a cell,
 * where what is below would run away, when somebody wants it to.
 *
 * With thousands of models a keystroke draws a few dozen rows. A new `question` starts over.
 */
export function useGrowing<T>(
  all: readonly T[],
  question: string,
  /** It has no end of its own in sight for now, and stays as it is. */
  paused: boolean,
): { shown: readonly T[]; end: ComponentChild } {
  const { surface = "cell" } = usePlace();
  const { strings, format } = useWords();
  const [drawn, setDrawn] = useState({ question, count: FIRST[surface] });
  const count = drawn.question === question ? drawn.count : FIRST[surface];
  const mark = useRef<HTMLLIElement>(null);
  const more = count < all.length;
  const grow = () => setDrawn({ question, count: count + MORE });

  useEffect(() => {
    if (mark.current === null || paused || surface === "cell") return;
    const watch = new IntersectionObserver((seen) => {
      if (seen.some((entry) => entry.isIntersecting)) grow();
    });
    watch.observe(mark.current);
    return () => watch.disconnect();
  }, [question, count, more, paused, surface]);

  return {
    shown: more ? all.slice(0, count) : all,
    end:
      more &&
      (surface === "cell" ? (
        <li key="end">
          <Button onClick={grow}>
            {strings.showMore(format.integer(Math.min(MORE, all.length - count)))}
          </Button>
        </li>
      ) : (
        <li key="end" ref={mark} class="lms-List-end" aria-hidden="true" />
      )),
  };
}
