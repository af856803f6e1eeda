/** The host's clock, as far as its messages tell: theirs and ours may be hours apart. */
export interface HostClock {
  /** A message says that it is `now` (Unix seconds). */
  hear(now: number): void;
  /** Unix seconds; `null` before anything was heard. */
  now(): number | null;
  /** Another clock may be heard from here on. */
  reset(): void;
}

export function createHostClock(): HostClock {
  let known: { now: number; at: number } | null = null;
  const now = () => known && known.now + (performance.now() - known.at) / 1000;
  return {
    now,
    hear(told) {
      // What is told is never ahead of the truth, only late: the furthest is the best.
      if (told > (now() ?? Number.NEGATIVE_INFINITY)) known = { now: told, at: performance.now() };
    },
    reset() {
      known = null;
    },
  };
}
