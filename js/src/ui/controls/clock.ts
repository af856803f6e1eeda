import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

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

/** A row that is scrolled into sight has the right time before it is there. */
const REACH = { rootMargin: "40px", scrollMargin: "40px" };

/** What to call when a row comes near to what is in sight, or leaves it. */
const rows = new Map<Element, (near: boolean) => void>();
let watcher: IntersectionObserver | undefined;

/** Tell soon, and with every change, whether a row is in sight or nearly so. */
function watchRow(row: Element, turned: (near: boolean) => void): () => void {
  // One for all rows, as there is one timer for them.
  watcher ??= new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) rows.get(target)?.(isIntersecting);
  }, REACH);
  rows.set(row, turned);
  watcher.observe(row);
  return () => {
    rows.delete(row);
    watcher?.unobserve(row);
  };
}

/**
 * Let `write` put what depends on the time into the page: after each drawing, and each second.
 *
 * In a row that is out of sight nothing is written.
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
    // A row of ours has one time; a list that the whole panel stands in is nobody's row.
    const row = place.current?.closest(".lms-Row");
    const tick = () => latest.current();
    if (!row) return onTick(tick);
    let stop: (() => void) | null = onTick(tick);
    const unwatch = watchRow(row, (near) => {
      stop?.();
      stop = null;
      if (!near) return;
      tick();
      stop = onTick(tick);
    });
    return () => {
      unwatch();
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

/**
 * The same for a text that changes by the second, in an element of the class `lms-Ticking`: it is
 * given its room, so that the browser need not look what moves when the text does.
 */
export function putTicking(element: HTMLElement | null, text: string): void {
  // In figures of one width; what stands between them takes half of it.
  const width = `${text.length - text.split(":").length / 2 + 0.5}ch`;
  if (element !== null && element.style.inlineSize !== width) element.style.inlineSize = width;
  put(element, text);
}
