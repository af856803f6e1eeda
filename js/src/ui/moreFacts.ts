import type { Instance } from "../protocol/protocol";
import { present } from "./facts";
import type { Words } from "./words";

/** What the button that unloads an instance says of itself: whom else it would take it from. */
export function unloadTitle({ users }: Instance, { strings }: Words): string {
  return users.length > 0 ? strings.unloadShared(users.join(", ")) : strings.unload;
}

/** Whose an instance is, as far as anybody knows. */
export function ownerOf({ owner, mine, jit }: Instance, { strings }: Words): string | null {
  const named = owner === "rest" || owner === "lms" ? strings[owner] : owner;
  return present([named, mine ? strings.mine : null, jit ? strings.jit : null]).join(", ") || null;
}
