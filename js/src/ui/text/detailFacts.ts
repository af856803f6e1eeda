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
  const named = ownerName(instance, words);
  return (
    present([named ?? (mine ? strings.mine : null), jit ? strings.jit : null]).join(", ") || null
  );
}
