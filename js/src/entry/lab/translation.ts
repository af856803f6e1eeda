import type { Translation } from "./strings";

/** The words for a page in `lang`, such as "de-CH"; `null` where the English ones do. */
export async function translationFor(lang: string): Promise<Translation | null> {
  return /^de\b|^de_/i.test(lang) ? (await import("./german")).GERMAN : null;
}
