import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Problem } from "../protocol/protocol";
import { type Format, formatFor, type Units } from "./format";
import { type Strings, stringsFor } from "./strings";

/** The words and numbers of one language. */
export interface Words {
  lang: string;
  strings: Strings;
  format: Format;
}

/** The words for a page in `lang`. */
export function wordsFor(lang: string, units?: Units): Words {
  const chosen = stringsFor(lang);
  return { ...chosen, format: formatFor(chosen.lang, units) };
}

export const WordsContext = createContext<Words>(wordsFor("en"));

export function useWords(): Words {
  return useContext(WordsContext);
}

/** A problem's sentence; those that the page makes itself are in the reader's language. */
export function titleOf({ code, title }: Problem, strings: Strings): string {
  return code === "no_answer" || code === "closed" ? strings[code] : title;
}
