import { render } from "preact";
import { createStore } from "../../store/store";
import type { Transport } from "../../transport/transport";
import { draw } from "../controls/draw";
import { STILL } from "../text/stillStrings";
import { wordsIn } from "../text/stillWords";
import { StatusLine } from "./StatusLine";

/** Draw the panel's smallest form into an element until the returned function is called. */
export function mountStatus(element: HTMLElement, transport: Transport): () => void {
  const store = createStore(transport);
  const words = wordsIn(STILL, element.ownerDocument.documentElement.lang);
  draw(element, words, <StatusLine store={store} />);
  return () => {
    render(null, element);
    store.close();
  };
}
