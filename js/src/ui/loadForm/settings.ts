import type { HostInfo, LoadConfig, Memory, Model } from "../../protocol/protocol";

/** What the form says of several GPUs, above the fold. */
export const SPLIT = [
  "main_gpu",
  "split_strategy",
  "disabled_gpus",
  "gpu_priority",
  "gpu_custom_ratio",
] as const;
export type GpuSplit = Pick<LoadConfig, (typeof SPLIT)[number]>;

/** A setting that the form offers below the fold; unset, the host decides. */
export type Setting = {
  name: Exclude<keyof LoadConfig, "context_length" | "gpu" | keyof GpuSplit>;
} & (
  | { kind: "flag" }
  | { kind: "text" }
  | { kind: "choice"; options: readonly string[] }
  | { kind: "number"; low: number; high: number; step: number }
);

const CACHE = ["f32", "f16", "q8_0", "q5_1", "q5_0", "iq4_nl", "q4_1", "q4_0"];
const number = (low: number, high: number, step = 1) => ({
  kind: "number" as const,
  low,
  high,
  step,
});
const flag = { kind: "flag" as const };

/** In the order of the form: what people change most comes first. */
export const SETTINGS: readonly Setting[] = [
  { name: "parallel", ...number(1, 64) },
  { name: "flash_attention", ...flag },
  { name: "k_cache_type", kind: "choice", options: CACHE },
  { name: "v_cache_type", kind: "choice", options: CACHE },
  { name: "offload_kv_cache_to_gpu", ...flag },
  { name: "gpu_strict_vram_cap", ...flag },
  { name: "num_cpu_expert_layers_ratio", ...number(0, 1, 0.05) },
  { name: "keep_model_in_memory", ...flag },
  { name: "try_mmap", ...flag },
  { name: "eval_batch_size", ...number(1, 65_536) },
  { name: "num_experts", ...number(0, 1024) },
  { name: "seed", ...number(0, 4_294_967_295) },
  { name: "rope_frequency_base", ...number(0, 1e9, 0.1) },
  { name: "rope_frequency_scale", ...number(0, 1000, 0.01) },
  { name: "draft_mtp", ...flag },
  { name: "draft_model", kind: "text" },
  { name: "draft_max_tokens", ...number(1, 1024) },
  { name: "draft_min_tokens", ...number(0, 1024) },
  { name: "draft_min_probability", ...number(0, 1, 0.05) },
];

/** What an embedding model can be told. */
const EMBEDDING = new Set([
  "gpu_strict_vram_cap",
  "keep_model_in_memory",
  "try_mmap",
  "rope_frequency_base",
  "rope_frequency_scale",
]);

/** What means nothing without a GPU. */
const ON_GPU = new Set([
  "offload_kv_cache_to_gpu",
  "gpu_strict_vram_cap",
  "num_cpu_expert_layers_ratio",
]);

/** The settings that mean something for this model on this host. */
export function settingsFor(model: Model, hasGpu: boolean): readonly Setting[] {
  return SETTINGS.filter(
    ({ name }) =>
      (model.kind !== "embedding" || EMBEDDING.has(name)) &&
      (hasGpu || !ON_GPU.has(name)) &&
      (name !== "num_cpu_expert_layers_ratio" || hasExperts(model)),
  );
}

/** Whether a model is known to be a mixture of experts, by its size ("30B-A3B", "8x7B") or kind. */
export function hasExperts({ params, architecture }: Model): boolean {
  return /\dx\d|-A\d/i.test(params ?? "") || /moe|mixtral|gpt-?oss/i.test(architecture ?? "");
}

/** What the embedded engine names among its features where there is a GPU. */
const GPU = "gpu";

/**
 * Whether layers can be put on a GPU there, as far as the host tells.
 *
 * The embedded engine names its GPUs. LM Studio does not; but a load that may take what it likes takes
 * nothing of a GPU's memory where there is none. Until that is known, there may be one.
 */
export function hasGpu(
  host: HostInfo | null,
  memory: Memory | null,
  vram_bytes: number | null,
): boolean {
  if (memory?.gpus) return memory.gpus.length > 0;
  const features = host?.features ?? [];
  return features.length > 0 ? features.includes(GPU) : vram_bytes !== 0;
}

/** The stops of the context slider: round sizes, each about half as large again as the last. */
export function contextStops(max: number): number[] {
  const stops: number[] = [];
  for (let size = 512; size < max; size *= 2) {
    stops.push(size);
    if (size * 1.5 < max) stops.push(size * 1.5);
  }
  return [...stops, max];
}

/** The stop that is nearest to a length, by its place. */
export function nearestStop(stops: readonly number[], length: number): number {
  let best = 0;
  stops.forEach((stop, place) => {
    if (Math.abs(stop - length) < Math.abs((stops[best] ?? 0) - length)) best = place;
  });
  return best;
}
