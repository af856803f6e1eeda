import { ENGLISH, type English } from "./englishStrings";
import { GERMAN } from "./germanStrings";
import { STILL, type StillStrings } from "./stillStrings";

export type Strings = StillStrings & English;

/** Every word the panel says, in every language. */
export const ALL: Record<string, Strings> = {
  en: { ...STILL.en, ...ENGLISH } as Strings,
  de: { ...STILL.de, ...GERMAN } as Strings,
};
