import { NO_SERVER } from "../ui/stillStrings";

/** What the sidebar's frame says; the panel has words of its own. */
export const ENGLISH = {
  category: "Local models",
  title: "Models in memory",
  open: "Show models in memory",
  host: "Host",
  anyHost: "found here",
  noHost: "no model host",
  noServer: NO_SERVER.en,
  again: "Try again",
  models: (count: number) => (count === 1 ? "1 model" : `${count} models`),
  nextUnload: (left: string) => `next unload ${left}`,
  loading: (share: string) => `loading ${share}`,
  // Commands
  load: "Load a model…",
  loadThis: "Load",
  unload: "Unload an instance…",
  unloadThis: "Unload",
  unloadAll: "Unload all",
  unloadAllBody: (count: number) => `Unload ${count === 1 ? "the one instance" : `all ${count}`}?`,
  setTtl: "Count an instance's time again…",
  pin: "Pin or unpin an instance…",
  cancelLoad: "Cancel the load in progress",
  dismiss: "Dismiss what went wrong",
  refresh: "Look at the host again",
  find: "Find a model",
  insertLine: "Insert %lms line",
  insertPython: "Insert Python",
  insertCell: "Insert %%lms cell",
  copyName: "Copy its name",
  copyLine: "Copy %lms line",
  copyPython: "Copy Python",
  switchHost: "Choose another host…",
  startEngine: "Start the built-in engine",
  engineRuns: "The built-in engine runs.",
  which: "Which one?",
  minutes: "Minutes of idleness, 0 for never",
  tutorials: "LM Studio tutorials",
  tutorialsCaption: "Copy the tutorials to your files, if they are not there, and open the first",
  nowhere: "Open a notebook or a console first.",
  // Notices
  expiring: (name: string, left: string) => `${name} leaves memory in ${left}.`,
  keep: "Keep",
  loaded: (name: string) => `${name} is in memory.`,
  use: "Use in notebook",
  lost: (name: string) => `${name} has stopped answering.`,
  show: "Show",
};

export type Strings = typeof ENGLISH;

/** What the settings editor says, by the names of the settings: the schema itself is English. */
export type SettingTexts = Record<string, { title: string; description?: string }>;

/** All that is said in another language than English. */
export interface Translation {
  strings: Strings;
  settings: SettingTexts;
}

/** The words for a page in `lang`, such as "de-CH"; `null` where the English ones do. */
export async function translationFor(lang: string): Promise<Translation | null> {
  return /^de\b|^de_/i.test(lang) ? (await import("./labGerman")).GERMAN : null;
}
