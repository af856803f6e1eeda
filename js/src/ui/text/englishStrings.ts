/** What a panel says beyond its still picture, in English. */
export const ENGLISH = {
  // Host bar
  lostAt: (time: string) => `Connection lost · snapshot from ${time}`,
  noServerLink: (time: string) =>
    `Snapshot from ${time}: the Jupyter Server does not answer. Reconnecting…`,
  busyKernel: "The kernel does not answer: it is busy or has ended. Clicks wait up to 30 s.",
  queued: "Queued: the kernel is busy",
  refresh: "Refresh",
  opening: "Opening…",
  hostDetails: "Host details",
  // Memory
  timeline: "Timeline",
  // Instances
  nothingLoaded: "Nothing in memory.",
  nothingLoadedHint: "Load a model below, or run",
  unload: "Unload",
  unloadShared: (names: string) => `Unload: used by ${names}`,
  unloadNamed: (name: string) => `Unload ${name}`,
  unloadAll: "Unload all",
  unloadAllSure: (count: number, missed: number) =>
    missed > 0 ? `Unload all ${count}, ${missed} in use?` : `Unload all ${count}?`,
  /** "chat is answering 1 request and is used by eval.ipynb." */
  // The reason to ask may be gone while the question is read.
  unloadSure: (name: string, why: string) =>
    why ? `Unload ${name}? It ${why}.` : `Unload ${name}?`,
  answering: (count: number) => `is answering ${count} request${count > 1 ? "s" : ""}`,
  mayAnswer: "may be answering a request",
  servesOthers: (names: string) => `is used by ${names}`,
  and: " and ",
  unloaded: "unloaded",
  undo: "Undo",
  undoNamed: (name: string) => `Undo: load ${name} again`,
  more: (name: string) => `More about ${name}`,
  loadedBy: (name: string) => `loaded by ${name}`,
  rest: "a REST client",
  lms: "the lms command",
  usedBy: (names: string) => `also used by ${names}`,
  disconnected: "disconnected",
  copied: "Copied",
  // Loads
  cancel: "Cancel",
  cancelNamed: (name: string) => `Cancel loading ${name}`,
  // Models
  filter: "Filter models",
  all: "All",
  llm: "Language",
  byUse: "Recently used",
  byName: "By name",
  bySize: "By size",
  showKind: "Kinds to show",
  sortBy: "Order",
  load: "Load",
  loadNamed: (name: string) => `Load ${name}`,
  loadWith: (name: string) => `Load ${name} with settings`,
  closeForm: (name: string) => `Close the settings for ${name}`,
  noModels: "No models on this host.",
  getThis: (query: string) => `Get “${query}”…`,
  noMatch: (query: string) => `No model matches “${query}”.`,
  clearFilter: "Show all",
  noHost: "No LM Studio found.",
  noHostHint: "Start LM Studio's server or the built-in engine, then refresh:",
  studioAsleep: "LM Studio is installed here and does not run.",
  studioWake: "Start LM Studio",
  studioWaking: "Starting LM Studio…",
  orEngine: "Or use the built-in engine instead:",
  engineStart: "Start the built-in engine",
  engineStarting: "Starting…",
  engineCost:
    "Takes about 50 MB of memory and no processor time until a model is loaded. It stops one minute after its last model is unloaded and its last page is closed.",
  engineMissing: (packages: string) => `The built-in engine needs ${packages}. Install it with:`,
  // Problems
  retry: "Try again",
  retryNamed: (name: string) => `Try again: load ${name}`,
  dismiss: "Dismiss",
  dismissNamed: (title: string) => `Dismiss: ${title}`,
  no_answer: "There was no answer in time. Nothing was done.",
  closed: "The panel is closed.",
  // Downloads
  paused: "paused",
  waits: "waits",
  failed: "failed",
  downloadingNamed: (name: string) => `Downloading ${name}`,
  perSecond: (size: string) => `${size}/s`,
  pause: "Pause",
  pauseNamed: (name: string) => `Pause downloading ${name}`,
  resume: "Resume",
  resumeNamed: (name: string) => `Resume downloading ${name}`,
  tryDownload: (name: string) => `Try again: download ${name}`,
  cancelDownload: (name: string) => `Cancel downloading ${name}`,
  getMore: "Get model…",
  close: "Close",
  retryIn: (time: string) => `Next attempt in ${time}`,
  retrying: "Reconnecting",
};

/** What the panel says besides what its still picture says. */
export type English = typeof ENGLISH;
