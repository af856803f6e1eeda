import { useLayoutEffect, useRef, useState } from "preact/hooks";

interface Roving<List extends HTMLElement> {
  list: { current: List | null };
  /** The row whose controls the Tab key reaches. */
  active: string | undefined;
  /** For the list. */
  handlers: {
    onKeyDown(event: KeyboardEvent): void;
    onFocusIn(event: FocusEvent): void;
    onFocusOut(event: FocusEvent): void;
  };
}

const CONTROLS = "[data-stop]";

/**
 * Make a list of rows one stop for the Tab key, with arrows to walk in it.
 *
 * Rows carry `data-key`, their controls `data-stop`. Where a row with the focus goes away, the row
 * that takes its place gets the focus.
 */
export function useRoving<List extends HTMLElement = HTMLUListElement>(
  keys: readonly string[],
): Roving<List> {
  const list = useRef<List>(null);
  const [chosen, choose] = useState<string | null>(null);
  const held = useRef<number | null>(null);
  const active = chosen !== null && keys.includes(chosen) ? chosen : keys[0];

  const rows = () => [...(list.current?.querySelectorAll<HTMLElement>("[data-key]") ?? [])];

  useLayoutEffect(() => {
    const root = list.current?.getRootNode() as Document | ShadowRoot | undefined;
    if (held.current === null || (root?.activeElement ?? document.body) !== document.body) return;
    const all = rows();
    stops(all[Math.min(held.current, all.length - 1)])[0]?.focus();
  });

  return {
    list,
    active,
    handlers: {
      onFocusIn({ target }) {
        const row = (target as HTMLElement).closest<HTMLElement>("[data-key]");
        if (row === null) return;
        held.current = rows().indexOf(row);
        choose(row.dataset.key ?? null);
      },
      onFocusOut({ target }) {
        // By then a control that was taken out of the page can be told from one that was left.
        queueMicrotask(() => {
          if ((target as HTMLElement).isConnected) held.current = null;
        });
      },
      onKeyDown(event) {
        const target = walk(event, rows());
        if (target === null) return;
        event.preventDefault();
        target?.focus();
      },
    },
  };
}

/** The controls of a row. */
function stops(row: HTMLElement | undefined): HTMLElement[] {
  return [...(row?.querySelectorAll<HTMLElement>(CONTROLS) ?? [])];
}

/** The control that a key leads to; `null` if the key is not for walking. */
function walk(event: KeyboardEvent, rows: readonly HTMLElement[]): HTMLElement | null | undefined {
  const here = event.target as HTMLElement;
  if (!here.matches(CONTROLS) || event.altKey || event.ctrlKey || event.metaKey) return null;
  const row = rows.findIndex((candidate) => candidate.contains(here));
  const column = stops(rows[row]).indexOf(here);
  const along = getComputedStyle(here).direction === "rtl" ? -1 : 1;
  const moves: Record<string, [number, number]> = {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - along],
    ArrowRight: [row, column + along],
    Home: [0, column],
    End: [rows.length - 1, column],
  };
  const move = moves[event.key];
  if (move === undefined) return null;
  const controls = stops(rows[move[0]]);
  return controls[Math.max(0, Math.min(move[1], controls.length - 1))];
}
