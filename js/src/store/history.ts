import type { Activity } from "../protocol/protocol";

/** How far back and ahead the timeline looks. */
export const WINDOW_S = 600;

/** An instance, from when it was first seen to when it was found gone. */
export interface Span {
  reference: string;
  identifier: string;
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
  for (const { instance_reference: reference, identifier } of instances) {
    if (!old.has(reference)) seen.push({ reference, identifier, from: now, to: null });
  }
  return seen;
}

/** Note when each model was last used, as far as a slice shows it. */
export function noteUse(known: ReadonlyMap<string, number>, { instances, loads, now }: Activity) {
  const used = new Map(known);
  const note = (model_key: string, at: number) => {
    if (at > (used.get(model_key) ?? 0)) used.set(model_key, at);
  };
  for (const { model_key, started_at } of loads) note(model_key, started_at);
  for (const { model_key, status, idle_since } of instances) {
    // While it is in use, one moment is as good as the next: the order is to stay as it is.
    if (status !== "idle" && status !== "unknown") note(model_key, known.has(model_key) ? 0 : now);
    else note(model_key, idle_since ?? 1);
  }
  const isSame = [...used].every(([model_key, at]) => known.get(model_key) === at);
  return isSame ? known : used;
}

/** Where a moment lies in the window, 0 to 1; now is the middle. */
export function placeOf(at: number, now: number): number {
  return Math.min(1, Math.max(0, 0.5 + (at - now) / (2 * WINDOW_S)));
}
