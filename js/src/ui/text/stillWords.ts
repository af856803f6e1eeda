import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { type Format, formatFor, type Units } from "./format";
import { STILL, type StillStrings } from "./stillStrings";

/** The words and numbers of one language. */
export interface Words<Said extends StillStrings = StillStrings> {
  lang: string;
  strings: Said;
  format: Format;
}

/** The words for a page in `lang`, such as "de-CH"; English where there is no translation. */
export function wordsIn<Said extends StillStrings>(
  languages: Record<string, Said>,
  lang: string,
  units?: Units,
): Words<Said> {
  const base = lang.toLowerCase().split(/[-_]/)[0] ?? "";
  const chosen = base in languages ? base : "en";
  return { lang: chosen, strings: languages[chosen] as Said, format: formatFor(chosen, units) };
}

export const WordsContext = createContext<Words>(wordsIn(STILL, "en"));

/** The words that a still picture needs. */
export function useStillWords(): Words {
  return useContext(WordsContext);
}
