import type { Instance } from "../protocol/protocol";

/** Owners that hold no handle: nobody there would miss it. */
const NO_NOTEBOOK = new Set(["rest", "lms", "JupyterLab"]);

/** Who else would notice if an instance were unloaded: the notebook that loaded it comes first. */
export function othersOf({ owner, mine, users }: Instance): string[] {
  const loader = mine || owner === null || NO_NOTEBOOK.has(owner) ? [] : [owner];
  return [...loader, ...users.filter((user) => user !== owner)];
}

/** How many requests an instance has under way or waiting. */
export function requestsOf({ status, queued }: Instance): number {
  return status === "idle" || status === "unknown" ? queued : Math.max(1, queued);
}

/** Whether to ask before it is unloaded: somebody waits for it, or it serves others too. */
export function isMissed(instance: Instance): boolean {
  // What nobody knows may be in use.
  const isIdle = instance.status === "idle" && instance.queued === 0;
  return !isIdle || othersOf(instance).length > 0;
}
