import type { Instance } from "../../protocol/protocol";
import type { LoadFields } from "../../store/loadCommand";
import type { Trial } from "../../store/trial";
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

/** The cell that does what was tried. */
export function cellOf({ identifier, prompt, system, temperature, max_tokens }: Trial): string {
  const words = ["%%lms", quote(identifier)];
  if (system !== null) words.push("--system", quote(system.replaceAll("\n", " ")));
  if (temperature !== null) words.push("--temperature", String(temperature));
  if (max_tokens !== null) words.push("--max-tokens", String(max_tokens));
  // In a cell, names in braces would be filled in.
  if (prompt.includes("{")) words.push("--no-fill");
  return `${words.join(" ")}\n${prompt}`;
}

/** Where OpenAI's clients find a host. */
export function baseUrl(address: string): string {
  return `${/^https?:/.test(address) ? address : `http://${address}`}/v1`;
}

/** Python that asks a model through OpenAI's client; the token is the environment's. */
export function openaiCode(kind: Instance["kind"], name: string, address: string): string {
  const call =
    kind === "embedding"
      ? `client.embeddings.create(model=${JSON.stringify(name)}, input="Hello")`
      : `client.chat.completions.create(\n    model=${JSON.stringify(name)},\n    messages=[{"role": "user", "content": "Hello"}],\n)`;
  return [
    "import os",
    "from openai import OpenAI",
    "",
    "client = OpenAI(",
    `    base_url=${JSON.stringify(baseUrl(address))},`,
    '    api_key=os.environ.get("LM_API_TOKEN", "lm-studio"),',
    ")",
    `reply = ${call}`,
  ].join("\n");
}

/** The same from a shell. */
export function curlCode(kind: Instance["kind"], name: string, address: string): string {
  const isEmbedding = kind === "embedding";
  const body = isEmbedding
    ? { model: name, input: "Hello" }
    : { model: name, messages: [{ role: "user", content: "Hello" }] };
  return [
    `curl ${quote(`${baseUrl(address)}/${isEmbedding ? "embeddings" : "chat/completions"}`)}`,
    '  -H "Authorization: Bearer $LM_API_TOKEN"',
    "  -H 'Content-Type: application/json'",
    `  -d ${quote(JSON.stringify(body))}`,
  ].join(" \\\n");
}

/** What the SDK calls it; notebooks use the same word for the handle. */
export function handleName(kind: Instance["kind"]): string {
  return kind === "embedding" ? "embedding_model" : "llm";
}

/** Quote as a shell would, if it is needed. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
