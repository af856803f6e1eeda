import { render } from "preact";
import { createStore } from "../store/store";
import type { Transport } from "../transport/transport";
import { Panel } from "./Panel";
import { WordsContext, wordsFor } from "./words";

/** Draw the panel into an element until the returned function is called; twice does no harm. */
export function mount(element: HTMLElement, transport: Transport): () => void {
  const store = createStore(transport);
  const words = wordsFor(element.ownerDocument.documentElement.lang);
  render(
    <WordsContext.Provider value={words}>
      <Panel store={store} />
    </WordsContext.Provider>,
    element,
  );
  return () => {
    render(null, element);
    store.close();
  };
}
