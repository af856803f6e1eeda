import type { Transport } from "../transport/transport";
import { draw } from "./draw";
import { Panel } from "./Panel";
import { type Place, PlaceContext } from "./place";

/**
 * Draw the panel into an element until the returned function is called; twice does no harm.
 *
 * `place` is what can be done where the panel is, beyond the panel itself.
 */
export function mount(element: HTMLElement, transport: Transport, place: Place = {}): () => void {
  return draw(element, transport, place.units, (store) => (
    <PlaceContext.Provider value={place}>
      <Panel store={store} />
    </PlaceContext.Provider>
  ));
}
