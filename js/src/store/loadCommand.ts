import type { Activity, LoadRequest } from "../protocol/protocol";

/** What a button or a form says of a load. */
export type LoadFields = Required<
  Pick<LoadRequest, "model_key" | "identifier" | "ttl_s" | "config">
> &
  Pick<LoadRequest, "device" | "fit" | "keep" | "ttl_is_default">;

/**
 * What a click on Load sends. Another instance only where the page shows one already: what came
 * since it was drawn, from a cell or another page, is used and not loaded a second time.
 */
export function loadCommand(asked: LoadFields, activity: Activity | null): LoadRequest {
  const there = activity?.instances.some(({ model_key }) => model_key === asked.model_key);
  return { kind: "load", mode: there ? "new" : "ensure", join: true, ...asked };
}
