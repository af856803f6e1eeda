import { FIELDS, USUAL } from "../../protocol/loadKeys";
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

/** The headings of the form below the fold, in this order. */
export const GROUPS = ["memory", "speed", "answers", "expert"] as const;
export type Group = (typeof GROUPS)[number];

/** A setting that the form offers below the fold; unset, the host decides. */
export type Setting = {
  name: (typeof FIELDS)[number]["name"];
  group: Group;
  embedding?: boolean;
  /** Which files alone it is for. */
  format?: string;
  /** What means nothing without it. */
  needs?: string;
  /** Whether the embedded engine does not know it. */
  studio?: boolean;
} & (
  | { kind: "flag" }
  | { kind: "text" }
  | { kind: "lines" }
  | { kind: "choice"; options: readonly string[] }
  | { kind: "number"; low: number; high: number; step: number }
);

/** In the order of the form: what people change most comes first. */
export const SETTINGS: readonly Setting[] = FIELDS;

/** The settings that mean something for this model on this host. */
export function settingsFor(
  model: Model,
  hasGpu: boolean,
  host: HostInfo | null = null,
): readonly Setting[] {
  const isEngine = isEmbedded(host);
  return SETTINGS.filter(
    ({ embedding, format, needs, studio }) =>
      (model.kind !== "embedding" || embedding) &&
      (!format || (format === "gguf") === (model.format === "gguf")) &&
      (!studio || !isEngine) &&
      (hasGpu || !needs) &&
      (needs !== "experts" || hasExperts(model)),
  );
}

/** Only the embedded engine has features. */
function isEmbedded(host: HostInfo | null): boolean {
  return (host?.features ?? []).length > 0;
}

/** What a host takes where nothing is said, as far as that is known. */
export function usualFor(
  setting: keyof LoadConfig,
  host: HostInfo | null,
): string | number | boolean | null {
  const known: Partial<Record<keyof LoadConfig, string | number | boolean>> = USUAL;
  return isEmbedded(host) ? (known[setting] ?? null) : null;
}

/** How long a context a host makes where nothing is said, as far as that is known. */
export function usualContext(model: Model, host: HostInfo | null): number | null {
  const usual = usualFor("context_length", host);
  return typeof usual === "number" ? Math.min(usual, model.max_context_length) : null;
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
