import { useLayoutEffect, useReducer } from "preact/hooks";
import type { State, Store } from "../../store/store";

/**
 * The newest state, drawn again whenever it changes.
 *
 * A slice may arrive after the first drawing and before the subscription: it is looked for then.
 */
export function useStore(store: Store): State {
  const [, redraw] = useReducer((count: number, _: undefined) => count + 1, 0);
  const drawn = store.get();
  useLayoutEffect(() => {
    if (store.get() !== drawn) redraw(undefined);
    return store.subscribe(() => redraw(undefined));
  }, [store]);
  return drawn;
}
