import { useRef, useState } from "preact/hooks";

interface Marks {
  /** The rows that are selected together, in their order; one alone is none. */
  marked: readonly string[];
  clear(): void;
  /** For the list: what is held with a click or an arrow selects, and presses nothing. */
  handlers: {
    onClickCapture(event: MouseEvent): void;
    onKeyDownCapture(event: KeyboardEvent): void;
  };
}

const NONE: ReadonlySet<string> = new Set();

function keyAt({ target }: Event): string | null {
  return (target as HTMLElement).closest<HTMLElement>("[data-key]")?.dataset.key ?? null;
}

/** The row of a key that is pressed, and not written into a field of the row. */
function rowOf(event: KeyboardEvent): string | null {
  return (event.target as HTMLElement).closest("input, textarea") ? null : keyAt(event);
}

function isAll({ key, ctrlKey, metaKey }: KeyboardEvent): boolean {
  return key.toLowerCase() === "a" && (ctrlKey || metaKey);
}

/**
 * Select several rows as in a list of files: with Shift to there, with Ctrl or ⌘ one more, all by
 * Ctrl+A, none by Escape.
 *
 * @param keys Of the rows, as `data-key` has them, in their order.
 * @param onDelete Somebody wants the selected ones gone.
 */
export function useMarks(keys: readonly string[], onDelete: () => void): Marks {
  const [chosen, choose] = useState(NONE);
  const anchor = useRef<string | null>(null);
  const found = keys.filter((key) => chosen.has(key));
  const marked = found.length > 1 ? found : [];
  const clear = () => choose(NONE);

  function extend(to: string): void {
    const ends = [keys.indexOf(anchor.current ?? to), keys.indexOf(to)].sort((a, b) => a - b);
    const [first = 0, last = 0] = ends;
    if (first >= 0) choose(new Set(keys.slice(first, last + 1)));
  }

  function toggle(key: string): void {
    const before = chosen.size > 0 || anchor.current === null ? chosen : [anchor.current];
    const next = new Set(before);
    if (!next.delete(key)) next.add(key);
    choose(next);
    anchor.current = key;
  }

  function act(event: KeyboardEvent): void {
    const does = { Escape: clear, Delete: onDelete }[event.key];
    if (does === undefined) return;
    event.stopPropagation();
    does();
  }

  return {
    marked,
    clear,
    handlers: {
      onClickCapture(event) {
        const key = keyAt(event);
        if (key === null || !keys.includes(key)) return;
        if (event.shiftKey || event.ctrlKey || event.metaKey) {
          event.preventDefault();
          event.stopPropagation();
          if (event.shiftKey) extend(key);
          else toggle(key);
        } else {
          anchor.current = key;
          if (chosen.size > 0) clear();
        }
      },
      onKeyDownCapture(event) {
        const key = rowOf(event);
        if (key === null) return;
        const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        const next = step && event.shiftKey ? keys[keys.indexOf(key) + step] : undefined;
        if (next !== undefined) {
          if (chosen.size === 0) anchor.current = key;
          extend(next);
        } else if (isAll(event)) {
          event.preventDefault();
          choose(new Set(keys));
        } else if (marked.length > 0) act(event);
      },
    },
  };
}
