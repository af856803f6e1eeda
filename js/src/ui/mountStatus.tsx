import type { Transport } from "../transport/transport";
import { draw } from "./draw";
import { StatusLine } from "./StatusLine";

/** Draw the panel's smallest form into an element until the returned function is called. */
export function mountStatus(element: HTMLElement, transport: Transport): () => void {
  return draw(element, transport, undefined, (store) => <StatusLine store={store} />);
}
