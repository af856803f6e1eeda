import { render } from "preact";
import type { Activity, Catalog } from "../../protocol/protocol";
import { draw } from "../controls/draw";
import { STILL } from "../text/stillStrings";
import { wordsIn } from "../text/stillWords";
import { Glance } from "./Glance";

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
