import type { GpuMemory, Instance } from "../../protocol/protocol";
import { gpuName } from "../../store/select";
import type { DetailWords } from "./detailWords";
import { present } from "./facts";
import { ownerName } from "./moreFacts";

/** What an instance takes on each GPU: "4.6 GB on GPU 0: NVIDIA GeForce RTX 4090". */
export function gpuSharesOf(
  { gpu_memory }: Instance,
  gpus: readonly GpuMemory[],
  { strings, format }: DetailWords,
): string[] {
  return gpu_memory.map(({ gpu_id, memory_bytes }) => {
    const place = gpus.findIndex((gpu) => gpu.gpu_id === gpu_id);
    return strings.onNamed(format.bytes(memory_bytes), gpuName(place, gpus) || gpu_id);
  });
}

/** Whose an instance is, as far as anybody knows. */
export function ownerOf(instance: Instance, words: DetailWords): string | null {
  const { mine, jit } = instance;
  const { strings } = words;
  const { user } = instance;
  const named = ownerName(instance, words) ?? (mine ? strings.mine : null);
  const by = user && user !== named && named ? `${named} (${user})` : (named ?? user);
  return present([by, jit ? strings.jit : null]).join(", ") || null;
}

/** Which users of the host wait for which others, where those have names. */
export function waitingOf({ waiting }: Instance, { strings }: DetailWords): string {
  const named = (user: string) => user || strings.hostOwner;
  return waiting
    .map(({ user, requests, waits_for }) =>
      strings.waitsFor(named(user), requests, waits_for.map(named).join(", ")),
    )
    .join(" · ");
}
