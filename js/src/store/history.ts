import type { Activity, DiaryLoad } from "../protocol/protocol";
import { called } from "./named";

/** How far back and ahead the timeline looks. */
export const WINDOW_S = 600;

/** Rows of what the diary knows, at most. */
export const MOST_ROWS = 30;

/** An instance, from when it was first seen to when it was found gone. */
export interface Span {
  reference: string;
  name: string;
  /** Unix seconds by the host's clock. */
  from: number;
  /** `null` while it is there. */
  to: number | null;
}

/** Add what a slice shows to what was seen before; what has left the window is forgotten. */
export function remember(known: readonly Span[], { instances, now }: Activity): readonly Span[] {
  const here = new Map(instances.map((instance) => [instance.instance_reference, instance]));
  const seen = known
    .map((span) => (here.has(span.reference) || span.to !== null ? span : { ...span, to: now }))
    .filter(({ to }) => to === null || to > now - WINDOW_S);
  const old = new Set(seen.map(({ reference }) => reference));
  for (const instance of instances) {
    const { instance_reference: reference } = instance;
    if (!old.has(reference)) seen.push({ reference, name: called(instance), from: now, to: null });
  }
  return seen;
}

/** Where a moment lies in the window, 0 to 1; now is the middle, and the past may be longer. */
export function placeOf(at: number, now: number, past_s = WINDOW_S): number {
  const half = at < now ? past_s : WINDOW_S;
  return Math.min(1, Math.max(0, 0.5 + (at - now) / (2 * half)));
}

/** What was seen here, and before it what the diary says: the newest that have ended since. */
export function reachingBack(
  seen: readonly Span[],
  loads: readonly DiaryLoad[],
  since: number,
): readonly Span[] {
  const begun = new Map(loads.map((load) => [load.reference, load.loaded_at]));
  const here = new Set(seen.map(({ reference }) => reference));
  const before = loads
    .filter(
      ({ reference, ended_at }) => reference && !here.has(reference) && (ended_at ?? 0) > since,
    )
    .slice(0, MOST_ROWS)
    .map(({ reference, identifier: name, loaded_at: from, ended_at: to }) => {
      return { reference, name, from, to };
    })
    .reverse();
  const longer = seen.map((span) => ({
    ...span,
    from: Math.min(span.from, begun.get(span.reference) ?? span.from),
  }));
  return [...before, ...longer];
}
