import type { Instance, LoadConfig } from "../../protocol/protocol";
import type { LoadFields } from "../../store/loadCommand";
import { span } from "./format";

/** What `%lms load` calls the settings that it does not call by their own names. */
const FLAGS: { [Name in keyof LoadConfig]: string } = {
  context_length: "-c",
  disabled_gpus: "--disable-gpu",
  num_cpu_expert_layers_ratio: "--cpu-expert-layers",
  flash_attention: "--flash-attn",
  k_cache_type: "--k-cache",
  v_cache_type: "--v-cache",
  eval_batch_size: "--eval-batch",
  num_experts: "--experts",
  offload_kv_cache_to_gpu: "--offload-kv",
  try_mmap: "--mmap",
  keep_model_in_memory: "--keep-in-memory",
  rope_frequency_base: "--rope-base",
  rope_frequency_scale: "--rope-scale",
  draft_model: "--speculative-draft-simple --speculative-draft-model",
  draft_min_probability: "--speculative-draft-min-continue-probability",
};

/** The flag for a setting: its own name with dashes, unless it has another. */
function flagFor(name: string): string {
  const own = name.replace(/^draft/, "speculative_draft").replace(/_/g, "-");
  return FLAGS[name as keyof LoadConfig] ?? `--${own}`;
}

/** The `%lms load` line that does the same as a click. */
export function loadLine({ model_key, identifier, ttl_s, config }: LoadFields): string {
  const words = ["%lms load", quote(model_key)];
  for (const [name, value] of Object.entries(config)) {
    const flag = flagFor(name);
    if (value === null || value === undefined) continue;
    if (value === false) words.push(`--no-${flag.slice(2)}`);
    else words.push(flag);
    if (typeof value !== "boolean") words.push(keyword(name, value));
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
  return `import lmstudio\n\nmodel = lmstudio.${handleName(kind)}(${JSON.stringify(identifier)})`;
}

/** What the SDK calls it; notebooks use the same word for the handle. */
export function handleName(kind: Instance["kind"]): string {
  return kind === "embedding" ? "embedding_model" : "llm";
}

function keyword(name: string, value: string | number | number[]): string {
  // Parts of the layers, the GPU's and the CPU's.
  if (/^gpu$|^num_cpu/.test(name) && (value === 0 || value === 1)) return value ? "max" : "off";
  return quote(String(value));
}

/** Quote as a shell would, if it is needed. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
