import { useMemo } from "preact/hooks";

const LINKED = "data-linked";

/** What an element stands for: an instance by its row, or by its part of a memory. */
function shownBy(target: EventTarget | null): HTMLElement | null {
  return (target as HTMLElement | null)?.closest<HTMLElement>("[data-ref], [data-key]") ?? null;
}

/** Mark the parts that an instance has of the memories; and its row, where one points at a part. */
function link(inner: HTMLElement, shown: HTMLElement | null): void {
  const { ref, key } = shown?.dataset ?? {};
  for (const element of inner.querySelectorAll<HTMLElement>(
    `[data-ref], [data-key], [${LINKED}]`,
  )) {
    const mine = element.dataset.ref ?? (ref && element.dataset.key);
    element.toggleAttribute(LINKED, mine !== undefined && mine === (ref ?? key));
  }
}

/**
 * A row and its parts of the memories show each other: where one points, and where the focus is.
 * A click on a part of a memory goes to its row.
 */
export function useLinked() {
  return useMemo(() => {
    let shown: HTMLElement | null = null;
    const show = (inner: HTMLElement, next: HTMLElement | null) => {
      if (next === shown) return;
      shown = next;
      link(inner, next);
    };
    const focused = (inner: HTMLElement) => {
      const root = inner.getRootNode() as Document | ShadowRoot;
      return inner.contains(root.activeElement) ? shownBy(root.activeElement) : null;
    };
    return {
      onPointerOver({ currentTarget, target }: PointerEvent) {
        const inner = currentTarget as HTMLElement;
        show(inner, shownBy(target) ?? focused(inner));
      },
      onPointerLeave({ currentTarget }: PointerEvent) {
        show(currentTarget as HTMLElement, focused(currentTarget as HTMLElement));
      },
      onFocusIn({ currentTarget, target }: FocusEvent) {
        show(currentTarget as HTMLElement, shownBy(target));
      },
      onFocusOut({ currentTarget }: FocusEvent) {
        show(currentTarget as HTMLElement, null);
      },
      onClick({ currentTarget, target }: MouseEvent) {
        const reference = (target as HTMLElement).closest<HTMLElement>("[data-ref]")?.dataset.ref;
        if (reference === undefined) return;
        for (const row of (currentTarget as HTMLElement).querySelectorAll<HTMLElement>(
          "[data-key]",
        )) {
          if (row.dataset.key === reference) row.querySelector<HTMLElement>("[data-stop]")?.focus();
        }
      },
    };
  }, []);
}
