import type { Instance } from "../protocol/protocol";
import { present } from "./facts";
import type { Words } from "./words";

/** Whose an instance is, as far as anybody knows. */
export function ownerOf({ owner, mine, jit }: Instance, { strings }: Words): string | null {
  const named = owner === "rest" || owner === "lms" ? strings[owner] : owner;
  return present([named, mine ? strings.mine : null, jit ? strings.jit : null]).join(", ") || null;
}
