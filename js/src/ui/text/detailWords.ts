import { DETAIL, type DetailStrings } from "./detailStrings";
import { GERMAN_DETAIL } from "./germanDetailStrings";
import type { Words as WordsOf } from "./stillWords";
import type { Strings } from "./strings";
import { useWords, type Words } from "./words";

/** All words, with those for what opens in a panel. */
export type DetailWords = WordsOf<Strings & DetailStrings>;

const ALL: Record<string, DetailStrings> = { en: DETAIL, de: GERMAN_DETAIL };

/** Made once for each panel, however much is open in it. */
const known = new WeakMap<Words, DetailWords>();

/** The words of a panel, and besides those for what opens in it. */
export function detailed(words: Words): DetailWords {
  let all = known.get(words);
  if (all === undefined) {
    const more = (ALL[words.lang] ?? DETAIL) as DetailStrings;
    all = { ...words, strings: { ...words.strings, ...more } };
    known.set(words, all);
  }
  return all;
}

/** The words for what is drawn within what opens. */
export function useDetailWords(): DetailWords {
  return detailed(useWords());
}
