// Generated from lms_jupyter/protocol by `npm run protocol`. Do not edit.

export type Slice = Catalog | Activity;
export type Command =
  | LoadRequest
  | UnloadInstance
  | LoadAgain
  | CancelLoad
  | SetTtl
  | ReloadInstance
  | PinInstance
  | DeleteModel
  | KeepInstance
  | DownloadModel
  | PauseDownload
  | ResumeDownload
  | CancelDownload
  | SwitchHost
  | WakeStudio
  | SaveProfile
  | DismissProblem
  | Attend
  | Refresh
  | EstimateLoad
  | FindDownloads
  | ListHosts
  | ListProfiles
  | ReadDiary;
export type Reply = Accepted | Refused | Estimated | Found | Hosts | Profiles | Diary;

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
  quantization_bits: number | null;
  indexed_model_identifier: string | null;
  format: string;
  max_context_length: number;
  vision: boolean;
  trained_for_tool_use: boolean;
  variants: string[];
  selected_variant: string | null;
  device: string | null;
  device_name: string | null;
  template_problem: string | null;
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
  downloads: Download[];
  problems: Problem[];
  memory: Memory | null;
  lm_link: LmLink | null;
}
/**
 * Who we talk to, and what it can do beyond loading and unloading.
 */
export interface HostInfo {
  name: string;
  address: string;
  version: string | null;
  given_name: string | null;
  link: "connected" | "connecting" | "lost";
  link_since: number | null;
  retry_at: number | null;
  asleep: boolean;
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
  gpu_memory: GpuShare[];
  runtime: string | null;
  warm_tokens: number;
  publisher: string | null;
  params: string | null;
  architecture: string | null;
  quantization: string | null;
  quantization_bits: number | null;
  indexed_model_identifier: string | null;
  format: string;
  vision: boolean;
  trained_for_tool_use: boolean;
  context_length: number;
  max_context_length: number;
  status: "computing_embedding" | "generating" | "idle" | "processing_prompt" | "unknown";
  queued: number;
  ttl_s: number | null;
  idle_since: number | null;
  pinned: boolean;
  keep: Keep | null;
  jit: boolean;
  owner: string | null;
  user: string | null;
  waiting: WaitingUser[];
  replica: boolean;
  users: string[];
  mine: boolean;
  differences: Difference[];
  tokens_per_second: number | null;
  device: string | null;
  device_name: string | null;
  template_problem: string | null;
}
/**
 * What one instance takes on one GPU.
 */
export interface GpuShare {
  gpu_id: string;
  memory_bytes: number;
}
/**
 * What keeps an instance in memory instead of its TTL: no eviction and no pressure ends it.
 */
export interface Keep {
  until: number | null;
}
/**
 * A user whose requests have not had their turn at an instance.
 */
export interface WaitingUser {
  user: string;
  requests: number;
  waits_for: string[];
}
/**
 * A load setting that is not what was asked.
 */
export interface Difference {
  setting: string;
  asked: boolean | number | string;
  effective: boolean | number | string | null;
  why: string;
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
  device: string | null;
}
/**
 * A download that goes on, was paused, or failed.
 */
export interface Download {
  download_id: string;
  name: string;
  quantization: string | null;
  downloaded_bytes: number;
  total_bytes: number;
  bytes_per_second: number;
  queue_position: number;
  state: "failed" | "paused" | "running";
  can_pause: boolean;
  problem: Problem | null;
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
  gpus: GpuMemory[] | null;
}
/**
 * The memory of one GPU.
 */
export interface GpuMemory {
  gpu_id: string;
  name: string;
  total_bytes: number;
  available_bytes: number;
  users: MemoryUser[];
}
/**
 * A process that holds memory of a GPU and is no instance: a notebook's kernel, a program.
 */
export interface MemoryUser {
  name: string;
  is_notebook: boolean;
  memory_bytes: number;
  pid: number | null;
}
/**
 * How a host stands with the other machines on its LM Link.
 */
export interface LmLink {
  status: "offline" | "online" | "starting" | "stopping";
  devices: LinkDevice[];
  back_at: number | null;
}
/**
 * Another machine on the host's LM Link.
 */
export interface LinkDevice {
  device: string;
  name: string;
  connected: boolean;
}
/**
 * Get an instance of a model: what a button, a magic, a function and an undo all send.
 */
export interface LoadRequest {
  /**
   * Tells the members of a union apart.
   */
  kind: "load";
  model_key: string;
  mode?: "ensure" | "new" | "use";
  identifier?: string | null;
  ttl_s?: number | null;
  config?: LoadConfig;
  sources?: {
    [k: string]: string;
  };
  fit?: string | null;
  device?: string | null;
  where?: string | null;
  replicas?: number;
  keep?: Keep | null;
  ttl_is_default?: boolean;
  pin?: boolean;
  rule?: string;
  lease?: boolean;
  reload?: boolean;
  join?: boolean;
}
/**
 * How to load a model. Unset means that the host decides.
 */
export interface LoadConfig {
  context_length?: number | null;
  auto_fit?: boolean | null;
  auto_fit_min_context_length?: number | null;
  gpu?: number | null;
  main_gpu?: number | null;
  split_strategy?: ("custom" | "evenly" | "priorityOrder") | null;
  disabled_gpus?: number[] | null;
  gpu_priority?: number[] | null;
  gpu_custom_ratio?: number[] | null;
  gpu_strict_vram_cap?: boolean | null;
  num_cpu_expert_layers_ratio?: number | null;
  offload_kv_cache_to_gpu?: boolean | null;
  parallel?: number | null;
  use_unified_kv_cache?: boolean | null;
  flash_attention?: boolean | null;
  k_cache_type?: ("f16" | "f32" | "iq4_nl" | "q4_0" | "q4_1" | "q5_0" | "q5_1" | "q8_0") | null;
  v_cache_type?: ("f16" | "f32" | "iq4_nl" | "q4_0" | "q4_1" | "q5_0" | "q5_1" | "q8_0") | null;
  eval_batch_size?: number | null;
  physical_batch_size?: number | null;
  context_checkpoints?: number | null;
  num_experts?: number | null;
  seed?: number | null;
  try_mmap?: boolean | null;
  try_direct_io?: boolean | null;
  keep_model_in_memory?: boolean | null;
  cpu_thread_pool_size?: number | null;
  rope_frequency_base?: number | null;
  rope_frequency_scale?: number | null;
  prompt_template?: string | null;
  reasoning_budget_message?: string | null;
  draft_mtp?: boolean | null;
  draft_mtp_sidecar?: boolean | null;
  draft_dflash_sidecar?: boolean | null;
  draft_dspark_sidecar?: boolean | null;
  draft_model?: string | null;
  draft_max_tokens?: number | null;
  draft_min_tokens?: number | null;
  draft_min_probability?: number | null;
  mlx_disk_cache?: boolean | null;
  mlx_kv_cache_bits?: number | null;
  mlx_kv_cache_group_size?: number | null;
  mlx_kv_cache_quantized_start?: number | null;
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
  instance_reference?: string | null;
  forget?: boolean;
}
/**
 * Load what was unloaded a moment ago as it was: settings, identifier, TTL and pin.
 */
export interface LoadAgain {
  /**
   * Tells the members of a union apart.
   */
  kind: "load_again";
  instance_reference: string;
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
  instance_reference?: string | null;
}
/**
 * Load an instance again as it is, with another TTL: for hosts without the feature "ttl".
 */
export interface ReloadInstance {
  /**
   * Tells the members of a union apart.
   */
  kind: "reload";
  identifier: string;
  ttl_s: number | null;
  instance_reference?: string | null;
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
  instance_reference?: string | null;
}
/**
 * Take a model off the host's disk. Hosts with the feature "deleteModel" only.
 */
export interface DeleteModel {
  /**
   * Tells the members of a union apart.
   */
  kind: "delete_model";
  model_key: string;
  permanently: boolean;
}
/**
 * Keep an instance while a notebook is open or until a time, whatever its TTL.
 */
export interface KeepInstance {
  /**
   * Tells the members of a union apart.
   */
  kind: "keep";
  identifier: string;
  keep: Keep | null;
  instance_reference: string | null;
}
/**
 * Fetch a model to the host's disk.
 */
export interface DownloadModel {
  /**
   * Tells the members of a union apart.
   */
  kind: "download";
  name: string;
  quantization?: string | null;
  bytes_per_second?: number | null;
}
/**
 * Stop a download and keep what is there. Where `Download.can_pause` says so.
 */
export interface PauseDownload {
  /**
   * Tells the members of a union apart.
   */
  kind: "pause_download";
  download_id: string;
}
/**
 * Go on with a download that was paused, or try one again that failed.
 */
export interface ResumeDownload {
  /**
   * Tells the members of a union apart.
   */
  kind: "resume_download";
  download_id: string;
}
/**
 * Call a download off and remove what there is of it, where the host can.
 */
export interface CancelDownload {
  /**
   * Tells the members of a union apart.
   */
  kind: "cancel_download";
  download_id: string;
}
/**
 * Go over to another host, one of those that `ListHosts` has named.
 */
export interface SwitchHost {
  /**
   * Tells the members of a union apart.
   */
  kind: "switch_host";
  address: string;
}
/**
 * Start the LM Studio that is installed and does not run.
 */
export interface WakeStudio {
  /**
   * Tells the members of a union apart.
   */
  kind: "wake_studio";
}
/**
 * Keep load settings under a name; one that is there is replaced.
 */
export interface SaveProfile {
  /**
   * Tells the members of a union apart.
   */
  kind: "save_profile";
  profile: Profile;
}
/**
 * Load settings under a name, as `%lms load --profile` takes them.
 */
export interface Profile {
  name: string;
  config: LoadConfig;
  ttl_s: number | null;
  names_ttl: boolean;
  fit: string | null;
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
 * `manager.viewers.VIEWER_TIMEOUT_S` has passed.
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
 * Ask how much memory a load would take; answered with `Estimated`.
 */
export interface EstimateLoad {
  /**
   * Tells the members of a union apart.
   */
  kind: "estimate";
  model_key: string;
  config?: LoadConfig;
  fit?: string | null;
  device?: string | null;
}
/**
 * Ask what could be fetched; answered with `Found`.
 */
export interface FindDownloads {
  /**
   * Tells the members of a union apart.
   */
  kind: "find_downloads";
  words: string;
}
/**
 * Ask which hosts answer; answered with `Hosts`.
 */
export interface ListHosts {
  /**
   * Tells the members of a union apart.
   */
  kind: "list_hosts";
}
/**
 * Ask for the named load settings; answered with `Profiles`.
 */
export interface ListProfiles {
  /**
   * Tells the members of a union apart.
   */
  kind: "list_profiles";
}
/**
 * Ask what was in memory, or of one instance what it was asked; answered with `Diary`.
 */
export interface ReadDiary {
  /**
   * Tells the members of a union apart.
   */
  kind: "read_diary";
  since: number;
  instance_reference: string | null;
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
  evicts: string[];
  makes_room: string[];
  context_length: number | null;
}
/**
 * What a load would take: calculated, corrected by loads of other contexts, or as it took.
 */
export interface Estimate {
  total_bytes: number;
  vram_bytes: number;
  confidence: "high" | "low";
  passes_guardrails: boolean;
  source: ("calculated" | "corrected" | "measured") | null;
}
/**
 * The answer to `FindDownloads`: the files of one name, or the names that the words fit.
 */
export interface Found {
  /**
   * Tells the members of a union apart.
   */
  kind: "found";
  names: string[];
  offers: Downloadable[];
}
/**
 * A file that the host can fetch: a name, and one of its quantisations.
 */
export interface Downloadable {
  name: string;
  quantization: string | null;
  size_bytes: number;
  recommended: boolean;
  fits: boolean;
  memory_fit: ("gpu" | "main" | "none" | "part") | null;
  here: ("downloaded" | "downloading") | null;
}
/**
 * The answer to `ListHosts`.
 */
export interface Hosts {
  /**
   * Tells the members of a union apart.
   */
  kind: "hosts";
  hosts: HostChoice[];
  idle_gpu: IdleGpuNote | null;
}
/**
 * A host that answers, and that a page may ask to switch to.
 */
export interface HostChoice {
  address: string;
  name: string;
  version: string | null;
  given_name: string | null;
}
/**
 * A GPU that the host's llama.cpp does not use.
 */
export interface IdleGpuNote {
  says: string;
  advice: string;
}
/**
 * The answer to `ListProfiles`.
 */
export interface Profiles {
  /**
   * Tells the members of a union apart.
   */
  kind: "profiles";
  profiles: Profile[] | null;
  presets: PresetLoad[];
}
/**
 * What a preset of LM Studio's says of a load.
 */
export interface PresetLoad {
  name: string;
  config: LoadConfig;
  problem: Problem | null;
}
/**
 * The answer to `ReadDiary`.
 */
export interface Diary {
  /**
   * Tells the members of a union apart.
   */
  kind: "diary";
  loads: DiaryLoad[];
  requests: DiaryRequest[];
  settings: SettingOrigin[];
}
/**
 * An instance from its load to its end, or a load that was refused, which has no reference.
 */
export interface DiaryLoad {
  host: string;
  reference: string;
  identifier: string;
  model_key: string;
  client: string;
  device: string;
  context_length: number | null;
  memory_bytes: number | null;
  gpu_bytes: number | null;
  loaded_at: number;
  load_s: number | null;
  seen_at: number;
  ended_at: number | null;
  why: string;
  ended_by: string;
  seconds: number;
  requests: number;
  prompt_tokens: number;
  predicted_tokens: number;
  tokens_per_second: number | null;
  energy_j: number | null;
}
/**
 * A request that has ended.
 */
export interface DiaryRequest {
  host: string;
  reference: string;
  identifier: string;
  model_key: string;
  client: string;
  kind: string;
  at: number;
  seconds: number;
  first_token_s: number | null;
  prompt_tokens: number;
  predicted_tokens: number;
  tokens_per_second: number | null;
  ending: string;
  energy_j: number | null;
  text: string | null;
}
/**
 * A load setting in effect, and where it comes from.
 */
export interface SettingOrigin {
  setting: string;
  value: string;
  origin: "asked" | "changed" | "host" | "unknown";
  source: string;
}
/**
 * A command on its way: which click it was, and until when it makes sense.
 */
export interface Envelope {
  rid: string;
  expires_at: number | null;
  command:
    | LoadRequest
    | UnloadInstance
    | LoadAgain
    | CancelLoad
    | SetTtl
    | ReloadInstance
    | PinInstance
    | DeleteModel
    | KeepInstance
    | DownloadModel
    | PauseDownload
    | ResumeDownload
    | CancelDownload
    | SwitchHost
    | WakeStudio
    | SaveProfile
    | DismissProblem
    | Attend
    | Refresh
    | EstimateLoad
    | FindDownloads
    | ListHosts
    | ListProfiles
    | ReadDiary;
}
