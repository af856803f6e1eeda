import { useState } from "preact/hooks";

export interface Hold {
  /** The pointer is over it: nothing there moves or goes until it has left. */
  held: boolean;
  /** For the element that the pointer is to be watched over. */
  hold: { onPointerEnter(event: PointerEvent): void; onPointerLeave(): void };
}

/** Know whether the pointer is over an element. */
export function useHold(): Hold {
  const [held, setHeld] = useState(false);
  return {
    held,
    hold: {
      // A finger is never over anything.
      onPointerEnter: ({ pointerType }) => setHeld(pointerType === "mouse"),
      onPointerLeave: () => setHeld(false),
    },
  };
}
