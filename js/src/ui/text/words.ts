import type { Problem } from "../../protocol/protocol";
import type { Units } from "./format";
import { useStillWords, type Words as WordsOf, wordsIn } from "./stillWords";
import { ALL, type Strings } from "./strings";

/** All words and numbers of one language. */
export type Words = WordsOf<Strings>;

/** All words for a page in `lang`. */
export function wordsFor(lang: string, units?: Units): Words {
  return wordsIn(ALL, lang, units);
}

/** All words: for what is only drawn where all are there. */
export function useWords(): Words {
  return useStillWords() as Words;
}

/** A problem's sentence; those that the page makes itself are in the reader's language. */
export function titleOf({ code, title }: Problem, strings: Strings): string {
  return code === "no_answer" || code === "closed" ? strings[code] : title;
}
