import { useMemo } from "preact/hooks";

const LINKED = "data-linked";

/** The instance that an element stands for: its row's, or that of its part of a memory. */
function referenceAt(target: EventTarget | null): string | undefined {
  const found = (target as HTMLElement | null)?.closest<HTMLElement>("[data-ref], [data-key]");
  return found?.dataset.ref ?? found?.dataset.key;
}

/** Mark what stands for this instance, and nothing else. */
function link(inner: HTMLElement, reference: string | undefined): void {
  for (const one of inner.querySelectorAll<HTMLElement>(`[data-ref], [data-key], [${LINKED}]`)) {
    const { ref, key } = one.dataset;
    one.toggleAttribute(LINKED, reference !== undefined && (ref ?? key) === reference);
  }
}

/**
 * A row and its parts of the memories show each other: where one points, and where the focus is.
 * A click on a part of a memory goes to its row.
 */
export function useLinked() {
  return useMemo(() => {
    let shown: string | undefined;
    const show = (inner: HTMLElement, reference: string | undefined) => {
      if (reference === shown) return;
      shown = reference;
      link(inner, reference);
    };
    const focused = (inner: HTMLElement) => {
      const root = inner.getRootNode() as Document | ShadowRoot;
      return inner.contains(root.activeElement) ? referenceAt(root.activeElement) : undefined;
    };
    return {
      onPointerOver({ currentTarget, target }: PointerEvent) {
        const inner = currentTarget as HTMLElement;
        show(inner, referenceAt(target) ?? focused(inner));
      },
      onPointerLeave({ currentTarget }: PointerEvent) {
        show(currentTarget as HTMLElement, focused(currentTarget as HTMLElement));
      },
      onFocusIn({ currentTarget, target }: FocusEvent) {
        show(currentTarget as HTMLElement, referenceAt(target));
      },
      onFocusOut({ currentTarget }: FocusEvent) {
        show(currentTarget as HTMLElement, undefined);
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
