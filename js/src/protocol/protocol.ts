// Generated from lms_jupyter/protocol by `npm run protocol`. Do not edit.

export type Slice = Catalog | Activity;
export type Command =
  | LoadModel
  | EnsureModel
  | UseModel
  | UnloadInstance
  | CancelLoad
  | SetTtl
  | PinInstance
  | EstimateLoad
  | DismissProblem
  | Attend
  | Refresh;
export type Reply = Accepted | Refused | Estimated;

export interface Protocol {
  Slice: Slice;
  Command: Command;
  Reply: Reply;
  Envelope: Envelope;
}
/**
 * What lies on the host's disk. Changes when the disk does.
 */
export interface Catalog {
  /**
   * Tells the members of a union apart.
   */
  kind: "catalog";
  epoch: string;
  revision: number;
  models: Model[];
}
/**
 * Files on a disk that can be loaded; `model_key` names them.
 */
export interface Model {
  model_key: string;
  kind: "embedding" | "llm";
  display_name: string;
  publisher: string | null;
  path: string;
  size_bytes: number;
  params: string | null;
  architecture: string | null;
  quantization: string | null;
  format: string;
  max_context_length: number;
  vision: boolean;
  trained_for_tool_use: boolean;
  variants: string[];
  selected_variant: string | null;
  device: string | null;
}
/**
 * What is in memory and what is happening to it. Changes by the second.
 */
export interface Activity {
  /**
   * Tells the members of a union apart.
   */
  kind: "activity";
  epoch: string;
  revision: number;
  now: number;
  host: HostInfo;
  instances: Instance[];
  loads: Load[];
  problems: Problem[];
  memory: Memory | null;
}
/**
 * Who we talk to, and what it can do beyond loading and unloading.
 */
export interface HostInfo {
  name: string;
  address: string;
  version: string | null;
  link: "connected" | "connecting" | "lost";
  link_since: number | null;
  features: string[];
}
/**
 * A model in memory; `identifier` names it.
 */
export interface Instance {
  identifier: string;
  instance_reference: string;
  model_key: string;
  kind: "embedding" | "llm";
  display_name: string;
  path: string;
  size_bytes: number;
  memory_bytes: number | null;
  params: string | null;
  architecture: string | null;
  quantization: string | null;
  vision: boolean;
  trained_for_tool_use: boolean;
  context_length: number;
  max_context_length: number;
  status: "computing_embedding" | "generating" | "idle" | "processing_prompt";
  queued: number;
  ttl_s: number | null;
  idle_since: number | null;
  pinned: boolean;
  jit: boolean;
  owner: string | null;
  mine: boolean;
  differences: Difference[];
  tokens_per_second: number | null;
  device: string | null;
}
/**
 * A load setting that is not what was asked.
 */
export interface Difference {
  setting: string;
  asked: boolean | number | string;
  effective: boolean | number | string | null;
}
/**
 * A load in progress.
 */
export interface Load {
  load_id: string;
  identifier: string | null;
  model_key: string;
  kind: ("embedding" | "llm") | null;
  fraction: number;
  started_at: number;
  cancelling: boolean;
}
/**
 * A failure, told to a person: one sentence, and what to do about it.
 */
export interface Problem {
  code: string;
  title: string;
  hint: string;
  problem_id: string;
  model_key: string | null;
}
/**
 * The memory of the machine that the host runs on.
 */
export interface Memory {
  total_bytes: number;
  available_bytes: number;
}
/**
 * Make a new instance of a model, whatever is in memory already.
 */
export interface LoadModel {
  /**
   * Tells the members of a union apart.
   */
  kind: "load";
  model_key: string;
  identifier: string | null;
  ttl_s: number | null;
  config: LoadConfig;
}
/**
 * How to load a model. Unset means that the host decides.
 */
export interface LoadConfig {
  context_length?: number | null;
  gpu?: number | null;
  parallel?: number | null;
  flash_attention?: boolean | null;
  k_cache_type?: ("f16" | "f32" | "iq4_nl" | "q4_0" | "q4_1" | "q5_0" | "q5_1" | "q8_0") | null;
  v_cache_type?: ("f16" | "f32" | "iq4_nl" | "q4_0" | "q4_1" | "q5_0" | "q5_1" | "q8_0") | null;
  eval_batch_size?: number | null;
  num_experts?: number | null;
  seed?: number | null;
  offload_kv_cache_to_gpu?: boolean | null;
  try_mmap?: boolean | null;
  keep_model_in_memory?: boolean | null;
  rope_frequency_base?: number | null;
  rope_frequency_scale?: number | null;
  draft_mtp?: boolean | null;
  draft_model?: string | null;
  draft_max_tokens?: number | null;
  draft_min_tokens?: number | null;
  draft_min_probability?: number | null;
}
/**
 * Use an instance of the model that has the settings named here, else load one.
 *
 * An instance that is there keeps its TTL, whatever `ttl_s` says.
 */
export interface EnsureModel {
  /**
   * Tells the members of a union apart.
   */
  kind: "ensure";
  model_key: string;
  identifier: string | null;
  ttl_s: number | null;
  config: LoadConfig;
}
/**
 * Use what is in memory under this name, else load it, as the SDK's `.model()` does.
 *
 * TTL and config count only if this loads it; what is there is taken as it is.
 */
export interface UseModel {
  /**
   * Tells the members of a union apart.
   */
  kind: "use";
  name: string;
  ttl_s: number | null;
  config: LoadConfig;
}
/**
 * End an instance and give its memory back.
 */
export interface UnloadInstance {
  /**
   * Tells the members of a union apart.
   */
  kind: "unload";
  identifier: string;
}
/**
 * Call off a load in progress.
 */
export interface CancelLoad {
  /**
   * Tells the members of a union apart.
   */
  kind: "cancel_load";
  load_id: string;
}
/**
 * Give an instance another TTL, counted from now on. Hosts with the feature "ttl" only.
 */
export interface SetTtl {
  /**
   * Tells the members of a union apart.
   */
  kind: "set_ttl";
  identifier: string;
  ttl_s: number | null;
}
/**
 * Keep an instance from expiring and from being evicted. Hosts with the feature "pin" only.
 */
export interface PinInstance {
  /**
   * Tells the members of a union apart.
   */
  kind: "pin";
  identifier: string;
  pinned: boolean;
}
/**
 * Ask how much memory a load would take; answered with `Estimated`.
 */
export interface EstimateLoad {
  /**
   * Tells the members of a union apart.
   */
  kind: "estimate";
  model_key: string;
  config: LoadConfig;
}
/**
 * Take a problem off the list: somebody has read it.
 */
export interface DismissProblem {
  /**
   * Tells the members of a union apart.
   */
  kind: "dismiss";
  problem_id: string;
}
/**
 * Say that a front end is looking, or has stopped looking.
 *
 * Watching costs nothing when nobody looks, so a visible front end says this again before
 * `manager.attendance.LEASE_S` has passed.
 */
export interface Attend {
  /**
   * Tells the members of a union apart.
   */
  kind: "attend";
  viewer: string;
  visible: boolean;
}
/**
 * Read the host now, the disk included.
 */
export interface Refresh {
  /**
   * Tells the members of a union apart.
   */
  kind: "refresh";
}
/**
 * The command was taken.
 */
export interface Accepted {
  /**
   * Tells the members of a union apart.
   */
  kind: "accepted";
  now: number;
}
/**
 * The command was not taken, and nothing was attempted.
 */
export interface Refused {
  /**
   * Tells the members of a union apart.
   */
  kind: "refused";
  problem: Problem;
}
/**
 * The answer to `EstimateLoad`: a question is done when it is answered.
 */
export interface Estimated {
  /**
   * Tells the members of a union apart.
   */
  kind: "estimated";
  estimate: Estimate;
}
/**
 * How much memory a load would take, by the host's reckoning.
 */
export interface Estimate {
  total_bytes: number;
  vram_bytes: number;
  confidence: "high" | "low";
  passes_guardrails: boolean;
}
/**
 * A command on its way: which click it was, and until when it makes sense.
 */
export interface Envelope {
  rid: string;
  expires_at: number | null;
  command:
    | LoadModel
    | EnsureModel
    | UseModel
    | UnloadInstance
    | CancelLoad
    | SetTtl
    | PinInstance
    | EstimateLoad
    | DismissProblem
    | Attend
    | Refresh;
}
