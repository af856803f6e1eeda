import type { Activity } from "../protocol/protocol";

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
