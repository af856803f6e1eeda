import { render } from "preact";
import type { Activity, Catalog } from "../protocol/protocol";
import { draw } from "./draw";
import { Glance } from "./Glance";
import { STILL } from "./stillStrings";
import { wordsIn } from "./stillWords";

/** A still picture in an element; drawn again with each call, gone with `null`. */
export function drawGlance(
  element: HTMLElement,
  activity: Activity | null,
  catalog: Catalog | null,
): void {
  const words = wordsIn(STILL, element.ownerDocument.documentElement.lang);
  draw(element, words, <Glance activity={activity} catalog={catalog} />);
}

/** Take it away. */
export function clearGlance(element: HTMLElement): void {
  render(null, element);
}
