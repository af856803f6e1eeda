import { Fragment } from "preact";
import type { Estimate, GpuMemory, Instance, Memory, Reply } from "../../protocol/protocol";
import type { Pool } from "../../store/select";
import { Bar } from "../controls/Bar";
import { Icon } from "../controls/Icon";
import { useDetailWords } from "../text/detailWords";
import { titleOf } from "../text/words";

interface Props {
  reply: Reply | null;
  memory: Memory | null;
  instances: readonly Instance[];
}

/** What a load would take, what is free, and what the host thinks of it. */
export function EstimateLine({ reply, memory, instances }: Props) {
  const { strings, format } = useDetailWords();
  if (reply?.kind === "refused") {
    return <p class="lms-Estimate">{titleOf(reply.problem, strings)}</p>;
  }
  if (reply?.kind !== "estimated") return <p class="lms-Estimate">{strings.estimating}</p>;
  const { evicts, makes_room } = reply;
  const { confidence, passes_guardrails, source } = reply.estimate;
  const needs = needsOf(reply.estimate, memory);
  const isFree = needs.every(({ pool, bytes }) => pool === null || bytes <= pool.available_bytes);
  const fits = passes_guardrails && isFree;
  const verdict = fits ? strings.fits : passes_guardrails ? strings.tight : strings.tooLarge;
  const labelFor = ({ name, pool, bytes }: Need) => {
    const size = format.bytes(bytes);
    const needed = confidence === "low" ? strings.needsAbout(size) : strings.needs(size);
    const free = pool && strings.free(format.bytes(pool.available_bytes));
    const label = [needed, free].filter(Boolean).join(", ");
    return needs.length > 1 ? `${strings[name]}: ${label}` : label;
  };
  return (
    <div class="lms-Estimate" role="status">
      {needs.map((need) => (
        <Fragment key={need.name}>
          {need.pool && (
            <Bar
              memory={need.pool}
              instances={instances}
              label={needs.length > 1 ? labelFor(need) : `${strings.memory}: ${labelFor(need)}`}
              added_bytes={need.bytes}
            />
          )}
          <span class={needs.length > 1 ? "lms-Estimate-pool" : undefined}>{labelFor(need)}</span>
        </Fragment>
      ))}
      <span class="lms-Estimate-verdict" data-fits={fits}>
        <Icon name={fits ? "check" : "warning"} />
        {verdict}
      </span>
      {(source === "measured" || source === "corrected") && (
        <span class="lms-Estimate-source">{strings[source]}</span>
      )}
      {!fits && makes_room.length > 0 && (
        <span class="lms-Estimate-room">{strings.fitsWithout(makes_room.join(", "))}</span>
      )}
      {evicts.length > 0 && (
        <span class="lms-Estimate-room">{strings.evicts(evicts.join(", "))}</span>
      )}
    </div>
  );
}

interface Need {
  name: "memory" | "gpuMemory";
  pool: Pool | null;
  bytes: number;
}

/** What a load takes of each pool: of main memory alone, where there are no GPUs or none is told. */
function needsOf({ total_bytes, vram_bytes }: Estimate, memory: Memory | null): Need[] {
  const gpus = memory?.gpus ?? [];
  if (gpus.length === 0) return [{ name: "memory", pool: memory, bytes: total_bytes }];
  return [
    { name: "memory", pool: memory, bytes: total_bytes - vram_bytes },
    { name: "gpuMemory", pool: together(gpus), bytes: vram_bytes },
  ];
}

/** All GPUs as one: a model may be spread over them. */
function together(gpus: readonly GpuMemory[]): GpuMemory {
  const sum = (name: "total_bytes" | "available_bytes") =>
    gpus.reduce((so_far, gpu) => so_far + gpu[name], 0);
  return {
    gpu_id: "",
    name: "",
    total_bytes: sum("total_bytes"),
    available_bytes: sum("available_bytes"),
    users: gpus.flatMap(({ users }) => users),
  };
}
