import type { Instance, Memory, Reply } from "../../protocol/protocol";
import { Bar } from "../controls/Bar";
import { Icon } from "../controls/Icon";
import { titleOf, useWords } from "../text/words";

interface Props {
  reply: Reply | null;
  memory: Memory | null;
  instances: readonly Instance[];
}

/** What a load would take, what is free, and what the host thinks of it. */
export function EstimateLine({ reply, memory, instances }: Props) {
  const { strings, format } = useWords();
  if (reply?.kind === "refused") {
    return <p class="lms-Estimate">{titleOf(reply.problem, strings)}</p>;
  }
  if (reply?.kind !== "estimated") return <p class="lms-Estimate">{strings.estimating}</p>;
  const { evicts, makes_room } = reply;
  const { total_bytes, confidence, passes_guardrails } = reply.estimate;
  const size = format.bytes(total_bytes);
  const needs = confidence === "low" ? strings.needsAbout(size) : strings.needs(size);
  const free = memory && strings.free(format.bytes(memory.available_bytes));
  const fits = passes_guardrails && (memory === null || total_bytes <= memory.available_bytes);
  const verdict = fits ? strings.fits : passes_guardrails ? strings.tight : strings.tooLarge;
  const label = [needs, free].filter(Boolean).join(", ");
  return (
    <div class="lms-Estimate" role="status">
      {memory && (
        <Bar
          memory={memory}
          instances={instances}
          label={`${strings.memory}: ${label}`}
          added_bytes={total_bytes}
        />
      )}
      <span>{label}</span>
      <span class="lms-Estimate-verdict" data-fits={fits}>
        <Icon name={fits ? "check" : "warning"} />
        {verdict}
      </span>
      {!fits && makes_room.length > 0 && (
        <span class="lms-Estimate-room">{strings.fitsWithout(makes_room.join(", "))}</span>
      )}
      {evicts.length > 0 && (
        <span class="lms-Estimate-room">{strings.evicts(evicts.join(", "))}</span>
      )}
    </div>
  );
}
