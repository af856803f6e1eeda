import { type ComponentChild, render } from "preact";
import { createStore, type Store } from "../store/store";
import type { Transport } from "../transport/transport";
import type { Units } from "./format";
import { WordsContext, wordsFor } from "./words";

/** Draw into an element, in the page's language, until the returned function is called. */
export function draw(
  element: HTMLElement,
  transport: Transport,
  units: Units | undefined,
  content: (store: Store) => ComponentChild,
): () => void {
  const store = createStore(transport);
  const words = wordsFor(element.ownerDocument.documentElement.lang, units);
  render(<WordsContext.Provider value={words}>{content(store)}</WordsContext.Provider>, element);
  return () => {
    render(null, element);
    store.close();
  };
}
