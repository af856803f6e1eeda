import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

/** Told by a row with `content-visibility: auto` that comes into sight or leaves it. */
const TURNED = "contentvisibilityautostatechange";

/** One timer for all countdowns of the page; none while the page is hidden or nothing counts. */
const ticks = new Set<() => void>();
let timer: ReturnType<typeof setTimeout> | undefined;

function plan(): void {
  // On the second by the monotonic clock: a countdown never skips a second by drift.
  timer = setTimeout(run, 1000 - (performance.now() % 1000));
}

function run(): void {
  for (const tick of ticks) tick();
  plan();
}

function turn(): void {
  clearTimeout(timer);
  timer = undefined;
  if (document.visibilityState === "visible" && ticks.size > 0) run();
}

/** Call `tick` once a second while the page is visible, until the returned function is called. */
export function onTick(tick: () => void): () => void {
  ticks.add(tick);
  if (ticks.size === 1) {
    document.addEventListener("visibilitychange", turn);
    if (document.visibilityState === "visible") plan();
  }
  return () => {
    ticks.delete(tick);
    if (ticks.size > 0) return;
    document.removeEventListener("visibilitychange", turn);
    clearTimeout(timer);
    timer = undefined;
  };
}

/**
 * Let `write` put what depends on the time into the page: after each drawing, and each second.
 *
 * In a row that is out of sight, and that the browser therefore does not draw, nothing is written.
 */
export function useTick(
  place: { current: Element | null },
  ticking: boolean,
  write: () => void,
): void {
  const latest = useRef(write);
  latest.current = write;
  useLayoutEffect(write);
  useEffect(() => {
    if (!ticking) return;
    const row = place.current?.closest("li");
    let stop: (() => void) | null = onTick(() => latest.current());
    const turn = (event: Event) => {
      stop?.();
      stop = null;
      if ((event as Event & { skipped: boolean }).skipped) return;
      latest.current();
      stop = onTick(() => latest.current());
    };
    row?.addEventListener(TURNED, turn);
    return () => {
      row?.removeEventListener(TURNED, turn);
      stop?.();
    };
  }, [ticking]);
}

/** Put a text into an element that holds nothing else. What stands there already costs nothing. */
export function put(element: Element | null, text: string): void {
  if (element === null) return;
  const known = element.firstChild;
  // Another text in the same node: the browser need not look for what its neighbours mean now.
  if (known === null) element.textContent = text;
  else if (known.nodeValue !== text) known.nodeValue = text;
}
