import type { Instance, Model } from "../protocol/protocol";
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

/** What an instance takes and is. A size that is only the file's says so. */
export function instanceFacts(instance: Instance, { strings, format }: Words): string[] {
  const { memory_bytes, size_bytes, context_length } = instance;
  return present([
    strings.tokens(format.integer(context_length)),
    memory_bytes === null
      ? strings.onDiskSize(format.bytes(size_bytes))
      : format.bytes(memory_bytes),
    instance.params,
    instance.quantization,
    ...abilities(instance, strings),
  ]);
}

/** What an instance is doing: "generating, 2 waiting". */
export function activityOf({ status, queued }: Instance, { strings }: Words): string {
  // The running request counts as queued.
  const waiting = status === "idle" ? queued : queued - 1;
  const parts = status === "idle" && waiting > 0 ? [] : [strings[status]];
  if (waiting > 0) parts.push(strings.waiting(waiting));
  return parts.join(", ");
}

type Able = Pick<Model, "kind" | "vision" | "trained_for_tool_use">;

function abilities({ kind, vision, trained_for_tool_use }: Able, strings: Words["strings"]) {
  return [
    kind === "embedding" ? strings.embedding : null,
    vision ? strings.vision : null,
    trained_for_tool_use ? strings.tools : null,
  ];
}

function present(facts: (string | null)[]): string[] {
  return facts.filter((fact): fact is string => fact !== null && fact !== "");
}
