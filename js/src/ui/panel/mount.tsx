import { render } from "preact";
import { createStore } from "../../store/store";
import type { Transport } from "../../transport/transport";
import { AskContext } from "../controls/asking";
import { draw } from "../controls/draw";
import { type Place, PlaceContext } from "../controls/place";
import { wordsFor } from "../text/words";
import { Panel } from "./Panel";

/**
 * Draw the panel into an element until the returned function is called; twice does no harm.
 *
 * `place` is what can be done where the panel is, beyond the panel itself.
 */
export function mount(element: HTMLElement, transport: Transport, place: Place = {}): () => void {
  const store = createStore(transport);
  draw(
    element,
    wordsFor(element.ownerDocument.documentElement.lang, place.units),
    <PlaceContext.Provider value={place}>
      <AskContext.Provider value={store.ask}>
        <Panel store={store} />
      </AskContext.Provider>
    </PlaceContext.Provider>,
  );
  return () => {
    render(null, element);
    store.close();
  };
}
