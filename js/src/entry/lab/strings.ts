import { NO_SERVER } from "../../ui/text/stillStrings";

/** What the sidebar's frame says; the panel has words of its own. */
export const ENGLISH = {
  category: "Local models",
  title: "Models in memory",
  open: "Show models in memory",
  host: "Host",
  allHosts: "All hosts",
  anyHost: "found here",
  noHost: "LM Studio: not connected",
  noServer: NO_SERVER.en,
  again: "Try again",
  models: (count: number) => (count === 1 ? "1 model" : `${count} models`),
  nextUnload: (left: string) => `next unload in ${left}`,
  loading: (share: string) => `loading ${share}`,
  // Commands
  /** As the palette and the list of shortcuts show a command: they have those of all extensions. */
  named: (label: string) => `Local models: ${label}`,
  load: "Load…",
  loadThis: "Load",
  unload: "Unload…",
  unloadThis: "Unload",
  unloadAll: "Unload all",
  unloadBody: (name: string, users: string) =>
    `${name} ${users === "" ? "is answering a request" : `is used by ${users}`}. Unload it?`,
  unloadAllBody: (count: number) =>
    `Unload ${count === 1 ? "the one instance" : `all ${count} instances`}?`,
  setTtl: "Set TTL…",
  pin: "Pin or unpin…",
  deleteModel: "Delete model from disk…",
  deleteThis: "Delete",
  deleteBody: (name: string) => `Delete ${name} from the host's disk?`,
  cancelLoad: "Cancel load in progress",
  dismiss: "Dismiss error messages",
  refresh: "Refresh",
  find: "Filter models",
  insertLine: "Insert %lms line",
  insertPython: "Insert Python",
  insertCell: "Insert %%lms cell",
  copyName: "Copy identifier",
  copyKey: "Copy model key",
  copyLine: "Copy %lms line",
  copyPython: "Copy Python",
  switchHost: "Switch host…",
  manageHosts: "Manage hosts",
  addHost: "Add host…",
  addThis: "Add",
  hostName: "Name",
  hostAddress: "Address (host:port or https://…)",
  hostToken: "API token, if it wants one",
  renameHost: "Rename host…",
  removeHost: "Remove host…",
  removeThis: "Remove",
  removeBody: (name: string) => `Remove ${name} from your hosts, and forget its token?`,
  assist: "Use this host for assistants",
  assisted: (address: string, model: string | undefined) =>
    `OpenAI's clients in this Jupyter Server, as jupyter-ai's, now talk to ${address}; the model is openai/${model ?? "…"} there. Kernels that start from now on do too.`,
  openFolder: "Open models folder",
  folderIs: (path: string) => `The models are in ${path} on the server's machine.`,
  copyPath: "Copy path",
  startEngine: "Start the built-in engine",
  engineRuns: "The built-in engine is running.",
  which: "Which one",
  minutes: "Unload when idle for (minutes, 0 for never)",
  tutorials: "LM Studio tutorials",
  openTutorials: "Open tutorials",
  tutorialsCaption: "Copy the tutorials to your files, if they are not there, and open the first",
  nowhere: "Open a notebook or a console first.",
  // The model of a notebook
  modelOfNotebook: "Model that %%lms and lms_jupyter.llm() use in this notebook",
  lastUsed: "Model: last used",
  inMemory: "In memory",
  onDisk: "On disk",
  notThere: (name: string) => `${name} (not on this host)`,
  notOnHost: (name: string) => `The host does not have ${name}, the model of this notebook.`,
  // Notices
  expiring: (name: string, left: string) => `${name} unloads in ${left}.`,
  keep: "Restart TTL",
  loaded: (name: string) => `${name} is loaded.`,
  use: "Use in notebook",
  lost: (name: string) => `${name} does not answer any more.`,
  show: "Show",
};

export type Strings = typeof ENGLISH;

/** What the settings editor says, by the names of the settings: the schema itself is English. */
export type SettingTexts = Record<
  string,
  { title: string; description?: string; choices?: Record<string, string> }
>;

/** All that is said in another language than English. */
export interface Translation {
  strings: Strings;
  settings: SettingTexts;
}
