import { useEffect, useReducer, useRef } from "preact/hooks";

/** How long a row takes to collapse; the style sheet says the same. */
export const LEAVE_MS = 120;

export interface Steady<T> {
  row: T;
  /** It is gone, and is still shown so that nothing jumps. */
  left: boolean;
}

/** Keep rows that are gone in their places: for a moment, and for as long as they are `held`. */
export function useSteady<T>(
  rows: readonly T[],
  keyOf: (row: T) => string,
  held: boolean,
): readonly Steady<T>[] {
  const [, redraw] = useReducer((count: number, _: undefined) => count + 1, 0);
  const shown = useRef<readonly Steady<T>[]>([]);
  shown.current = steady(shown.current, rows, keyOf, held);
  const leaving = shown.current.filter(({ left }) => left).map(({ row }) => keyOf(row));

  useEffect(() => {
    if (held || leaving.length === 0) return;
    const timer = setTimeout(
      () => {
        shown.current = shown.current.filter(({ left }) => !left);
        redraw(undefined);
      },
      isCalm() ? 0 : LEAVE_MS,
    );
    return () => clearTimeout(timer);
  }, [held, leaving.join("\n")]);

  return shown.current;
}

/** What is shown next: the rows in their order, or while held in the order in which they are. */
function steady<T>(
  shown: readonly Steady<T>[],
  rows: readonly T[],
  keyOf: (row: T) => string,
  held: boolean,
): readonly Steady<T>[] {
  const here = new Map(rows.map((row) => [keyOf(row), row]));
  if (held) {
    const known = shown.map(({ row }) => {
      const now = here.get(keyOf(row));
      return { row: now ?? row, left: now === undefined };
    });
    const old = new Set(shown.map(({ row }) => keyOf(row)));
    const added = rows.filter((row) => !old.has(keyOf(row)));
    return [...known, ...added.map((row) => ({ row, left: false }))];
  }
  const next: Steady<T>[] = rows.map((row) => ({ row, left: false }));
  shown.forEach(({ row }, place) => {
    if (!here.has(keyOf(row))) next.splice(Math.min(place, next.length), 0, { row, left: true });
  });
  return next;
}

/** Whether somebody asked for as little motion as possible. */
function isCalm(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
