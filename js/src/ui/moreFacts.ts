import type { Instance, Model } from "../protocol/protocol";
import { abilities, present } from "./facts";
import type { Words } from "./words";

/** What a model on the disk is, in the order in which people ask. */
export function modelFacts(model: Model, { strings, format }: Words): string[] {
  return present([
    model.params,
    model.quantization,
    format.bytes(model.size_bytes),
    ...abilities(model, strings),
  ]);
}

/** Whose an instance is, as far as anybody knows. */
export function ownerOf({ owner, mine, jit }: Instance, { strings }: Words): string | null {
  const named = owner === "rest" || owner === "lms" ? strings[owner] : owner;
  return present([named, mine ? strings.mine : null, jit ? strings.jit : null]).join(", ") || null;
}
