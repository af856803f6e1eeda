import type { State } from "./store";

/** Whether there is somebody at the other end who could do what is asked. */
export function canAct({ link, activity }: State): boolean {
  return link !== "absent" && activity?.host.link === "connected";
}

/** Whether what is shown may be old: countdowns would be guesses then. */
export function isStale({ link, activity }: State): boolean {
  return link === "absent" || activity?.host.link === "lost";
}

/** Something was heard of a host, be it that it has nothing. */
export function isKnown({ activity, catalog }: State): boolean {
  if (activity === null) return (catalog?.models.length ?? 0) > 0;
  const { host, instances, downloads } = activity;
  // A host says its version when it is met: it was there, however empty.
  if (host.link === "connected" || host.version !== null) return true;
  return instances.length + downloads.length + (catalog?.models.length ?? 0) > 0;
}

/** No host was ever there: nothing that could be shown as a snapshot. */
export function isHostless(state: State): boolean {
  return state.activity?.host.link === "lost" && !isKnown(state);
}
