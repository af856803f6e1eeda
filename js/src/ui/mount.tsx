import { render } from "preact";
import { createStore } from "../store/store";
import type { Transport } from "../transport/transport";
import { Panel } from "./Panel";
import { type Place, PlaceContext } from "./place";
import { WordsContext, wordsFor } from "./words";

/**
 * Draw the panel into an element until the returned function is called; twice does no harm.
 *
 * `place` is what can be done where the panel is, beyond the panel itself.
 */
export function mount(element: HTMLElement, transport: Transport, place: Place = {}): () => void {
  const store = createStore(transport);
  const words = wordsFor(element.ownerDocument.documentElement.lang, place.units);
  render(
    <WordsContext.Provider value={words}>
      <PlaceContext.Provider value={place}>
        <Panel store={store} />
      </PlaceContext.Provider>
    </WordsContext.Provider>,
    element,
  );
  return () => {
    render(null, element);
    store.close();
  };
}
