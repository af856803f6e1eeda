import type {
  Activity,
  GpuMemory,
  Instance,
  Memory,
  MemoryUser,
  Model,
} from "../protocol/protocol";

/** How an instance stands with its TTL. */
export type Countdown =
  /** Pinned is also what is kept for a while. */
  | { kind: "in_use" | "pinned" | "stays" }
  /** The host does not say whether it is in use. */
  | { kind: "unknown" }
  /** Not used yet: the whole TTL lies ahead. */
  | { kind: "not_started"; left_s: number; fraction: 1 }
  | { kind: "counting"; left_s: number; fraction: number };

/** Tell how long an instance has left. `now` is Unix seconds by the host's clock. */
export function countdown(instance: Instance, now: number): Countdown {
  const { status, queued, pinned, keep, ttl_s, idle_since } = instance;
  if ((status !== "idle" && status !== "unknown") || queued > 0) return { kind: "in_use" };
  if (pinned || keep) return { kind: "pinned" };
  if (ttl_s === null) return { kind: "stays" };
  if (status === "unknown") return { kind: "unknown" };
  if (idle_since === null) return { kind: "not_started", left_s: ttl_s, fraction: 1 };
  const left_s = Math.min(ttl_s, Math.max(0, idle_since + ttl_s - now));
  return { kind: "counting", left_s, fraction: ttl_s > 0 ? left_s / ttl_s : 0 };
}

/** How many instances each model has in memory. */
export function countByModel(activity: Activity | null): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { model_key } of activity?.instances ?? []) {
    counts.set(model_key, (counts.get(model_key) ?? 0) + 1);
  }
  return counts;
}

/**
 * On which device an instance is, where the reader wants to know: on another one than the host, or
 * beside one of its name there. `here` is the word for the host itself.
 */
export function deviceOf(
  { identifier, device, device_name }: Instance,
  instances: readonly Instance[],
  here: string,
): string | null {
  if (device !== null) return device_name ?? device;
  const isTwin = instances.some((one) => one.identifier === identifier && one.device !== null);
  return isTwin ? here : null;
}

/** When the next instance leaves, by the host's clock; `null` if none will by itself. */
export function nextDeadline(instances: readonly Instance[]): number | null {
  let next: number | null = null;
  for (const { status, queued, pinned, keep, ttl_s, idle_since } of instances) {
    if (status !== "idle" || queued > 0 || pinned || keep || ttl_s === null || idle_since === null)
      continue;
    const deadline = idle_since + ttl_s;
    if (next === null || deadline < next) next = deadline;
  }
  return next;
}

/** The seconds until the next instance leaves; `null` if none will by itself. */
export function nextToLeave(instances: readonly Instance[], now: number): number | null {
  const deadline = nextDeadline(instances);
  return deadline === null ? null : Math.max(0, deadline - now);
}

/** A memory: the machine's own, or that of one of its GPUs. */
export type Pool = Memory | GpuMemory;

export interface MemoryShares {
  total_bytes: number;
  free_bytes: number;
  /** What others on the machine use. */
  other_bytes: number;
  notebooks: readonly MemoryUser[];
  instances: readonly { identifier: string; instance_reference: string; bytes: number }[];
}

/** Split a memory into notebooks, instances, others and free. */
export function memoryShares(pool: Pool, instances: readonly Instance[]): MemoryShares {
  const { total_bytes, available_bytes } = pool;
  const isGpu = "gpu_id" in pool;
  const notebooks = isGpu ? pool.users.filter(({ is_notebook }) => is_notebook) : [];
  const shares = instances
    // What is on another device takes nothing of this machine's.
    .filter(({ device }) => device === null)
    .map((instance) => ({
      identifier: instance.identifier,
      instance_reference: instance.instance_reference,
      bytes: isGpu ? gpuBytesOf(instance, pool.gpu_id) : bytesOf(instance),
    }));
  let other_bytes = total_bytes - available_bytes;
  for (const { bytes } of shares) other_bytes -= bytes;
  for (const { memory_bytes } of notebooks) other_bytes -= memory_bytes;
  return {
    total_bytes,
    free_bytes: available_bytes,
    other_bytes: Math.max(0, other_bytes),
    notebooks,
    instances: shares,
  };
}

/** What an instance takes on one GPU, or on all. */
export function gpuBytesOf({ gpu_memory }: Instance, wanted?: string): number {
  let sum = 0;
  for (const { gpu_id, memory_bytes } of gpu_memory) {
    if (!wanted || gpu_id === wanted) sum += memory_bytes;
  }
  return sum;
}

/** What people call a GPU: with its number, which settings go by, where there are several. */
export function gpuName(place: number, gpus: readonly GpuMemory[]): string {
  const name = gpus[place]?.name ?? "";
  return gpus.length > 1 && name ? `GPU ${place}: ${name}` : name;
}

/** What an instance takes in memory; the size of its file where the host does not tell. */
export function bytesOf(instance: Pick<Instance, "memory_bytes" | "size_bytes">): number {
  return instance.memory_bytes ?? instance.size_bytes;
}

/** The models that were used last come first; the others keep their order. */
export function byUse(models: readonly Model[], used: ReadonlyMap<string, number>): Model[] {
  const at = ({ model_key }: Model) => used.get(model_key) ?? 0;
  return [...models].sort((a, b) => at(b) - at(a));
}
