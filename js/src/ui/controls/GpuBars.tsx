import type { GpuMemory, Instance } from "../../protocol/protocol";
import { gpuName } from "../../store/select";
import { useStillWords } from "../text/stillWords";
import { Bar, segmentsOf } from "./Bar";

interface Props {
  gpus: readonly GpuMemory[];
  instances: readonly Instance[];
}

/** How full the memory of each GPU is, and who holds it: a bar and a legend each. */
export function GpuBars({ gpus, instances }: Props) {
  const { strings, format } = useStillWords();
  return (
    <div class="lms-Gpus">
      {gpus.map((gpu, place) => {
        const { total_bytes, available_bytes } = gpu;
        const name = gpuName(place, gpus);
        const used = strings.memoryOf(
          format.bytes(total_bytes - available_bytes),
          format.bytes(total_bytes),
        );
        return (
          <div class="lms-Gpu" key={name}>
            <Bar memory={gpu} instances={instances} label={`${name}: ${used}`} />
            <span class="lms-Gpu-name" title={name}>
              {name}
            </span>
            <span>{used}</span>
            <ul class="lms-Legend">
              {segmentsOf(gpu, instances, strings).map(
                ({ part, name: whose, bytes, reference }, at) =>
                  part !== "free" &&
                  bytes > 0 && (
                    <li key={at} class={`lms-Legend-${part}`} data-ref={reference}>
                      <span>{whose}</span>
                      {` ${format.bytes(bytes)}`}
                    </li>
                  ),
              )}
            </ul>
          </div>
        );
      })}
    </div>
  );
}
