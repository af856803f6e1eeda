import { type ComponentChild, render } from "preact";
import type { StillStrings } from "../text/stillStrings";
import { type Words, WordsContext } from "../text/stillWords";

/** Draw into an element in one language, in place of what was drawn there before. */
export function draw<Said extends StillStrings>(
  element: HTMLElement,
  words: Words<Said>,
  content: ComponentChild,
): void {
  render(<WordsContext.Provider value={words}>{content}</WordsContext.Provider>, element);
}
