import { useCallback, useRef } from "preact/hooks";

/** Clicks at one place that follow each other within this are one impatient hand's. */
const HASTY_MS = 1000;
/** How far a hand trembles, in pixels. */
const STILL_PX = 4;

interface Last {
  at: number;
  x: number;
  y: number;
  row: string | undefined;
}

/**
 * Swallow a click on something that slid under a pointer which did not move: it was meant for what
 * was there before.
 */
export function useStill(): (event: MouseEvent) => void {
  const last = useRef<Last | null>(null);
  return useCallback((event: MouseEvent) => {
    // A keyboard clicks where the focus is.
    if (event.detail === 0) return;
    const { clientX: x, clientY: y, timeStamp: at } = event;
    const row = (event.target as Element).closest<HTMLElement>("[data-key]")?.dataset.key;
    const before = last.current;
    const still =
      before !== null &&
      at - before.at < HASTY_MS &&
      Math.abs(x - before.x) < STILL_PX &&
      Math.abs(y - before.y) < STILL_PX;
    last.current = { at, x, y, row: still ? before.row : row };
    if (!still || row === before.row) return;
    event.preventDefault();
    event.stopPropagation();
  }, []);
}
