import type { Activity } from "../protocol/protocol";

/**
 * What a click on Load asks for. Another instance only where the page shows one already: what came
 * since it was drawn, from a cell or another page, is used and not loaded a second time.
 */
export function loadKind(model_key: string, activity: Activity | null): "load" | "ensure" {
  const there = activity?.instances.some((instance) => instance.model_key === model_key);
  return there === true ? "load" : "ensure";
}
