import type { Instance, LoadConfig } from "../protocol/protocol";
import { span } from "./format";

export interface LoadRequest {
  model_key: string;
  identifier: string | null;
  ttl_s: number | null;
  config: LoadConfig;
}

/** The `%lms load` line that does the same as a click. */
export function loadLine({ model_key, identifier, ttl_s, config }: LoadRequest): string {
  const words = ["%lms load", quote(model_key)];
  for (const [name, value] of Object.entries(config)) {
    if (value === null || value === undefined) continue;
    words.push(
      name === "context_length" ? "-c" : `--${name.replaceAll("_", "-")}`,
      said(name, value),
    );
  }
  words.push("--ttl", ttl_s === null ? "none" : span(ttl_s));
  if (identifier !== null) words.push("--identifier", quote(identifier));
  return words.join(" ");
}

/** The `%lms load` line that would make an instance like this one. */
export function instanceLine({ model_key, identifier, ttl_s, context_length }: Instance): string {
  return loadLine({ model_key, identifier, ttl_s, config: { context_length } });
}

/** Python that gets hold of an instance through LM Studio's SDK. */
export function sdkCode({ kind, identifier }: Pick<Instance, "kind" | "identifier">): string {
  const call = kind === "embedding" ? "embedding_model" : "llm";
  return `import lmstudio\n\nmodel = lmstudio.${call}(${JSON.stringify(identifier)})`;
}

function said(name: string, value: string | number | boolean): string {
  if (name === "gpu" && (value === 0 || value === 1)) return value === 1 ? "max" : "off";
  if (typeof value === "boolean") return value ? "on" : "off";
  return String(value);
}

/** Quote as a shell would, if it is needed. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
