import type { Instance } from "../../protocol/protocol";
import type { LoadFields } from "../../store/loadCommand";
import { span } from "./format";

/** A `%lms load` line, with words for its settings. */
export function loadLine(
  { model_key, identifier, ttl_s }: Omit<LoadFields, "config">,
  settings: readonly string[] = [],
): string {
  const words = ["%lms load", quote(model_key), ...settings];
  words.push("--ttl", ttl_s === null ? "none" : span(ttl_s));
  if (identifier !== null) words.push("--identifier", quote(identifier));
  return words.join(" ");
}

/** The `%lms load` line that would make an instance like this one. */
export function instanceLine(instance: Instance): string {
  return loadLine(instance, ["-c", String(instance.context_length)]);
}

/** Python that gets hold of an instance through LM Studio's SDK. */
export function sdkCode({ kind, identifier }: Pick<Instance, "kind" | "identifier">): string {
  return `import lmstudio\n\nmodel = lmstudio.${handleName(kind)}(${JSON.stringify(identifier)})`;
}

/** What the SDK calls it; notebooks use the same word for the handle. */
export function handleName(kind: Instance["kind"]): string {
  return kind === "embedding" ? "embedding_model" : "llm";
}

/** Quote as a shell would, if it is needed. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
