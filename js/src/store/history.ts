import type { Activity } from "../protocol/protocol";
import { called } from "./named";

/** How far back and ahead the timeline looks. */
export const WINDOW_S = 600;

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

/** Where a moment lies in the window, 0 to 1; now is the middle. */
export function placeOf(at: number, now: number): number {
  return Math.min(1, Math.max(0, 0.5 + (at - now) / (2 * WINDOW_S)));
}
