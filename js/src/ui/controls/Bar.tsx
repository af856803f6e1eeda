import type { Instance } from "../../protocol/protocol";
import { memoryShares, type Pool } from "../../store/select";
import type { StillStrings } from "../text/stillStrings";
import { useStillWords } from "../text/stillWords";

interface Props {
  memory: Pool;
  instances: readonly Instance[];
  label: string;
  /** What a load would add. */
  added_bytes?: number;
}

/** One segment for each that holds some of a memory, then what would be added, then what is free. */
export function Bar({ memory, instances, label, added_bytes }: Props) {
  const { strings, format } = useStillWords();
  return (
    <div class="lms-Bar" role="img" aria-label={label}>
      {segmentsOf(memory, instances, strings, added_bytes).map(
        ({ name, part, bytes, reference }, place) =>
          bytes > 0 && (
            <span
              key={reference ?? place}
              data-ref={reference}
              class={`lms-Bar-${part}`}
              style={{ flexGrow: bytes / memory.total_bytes }}
              title={`${name}: ${format.bytes(bytes)}`}
            />
          ),
      )}
    </div>
  );
}

/** A part of a memory, as its bar and its legend show it. */
export interface Segment {
  part: "notebook" | "instance" | "other" | "added" | "free";
  name: string;
  bytes: number;
  /** Which instance it is, as its row's `data-key` has it. */
  reference?: string;
}

/** Notebooks, instances, other programs, what a load would add, and at the end what is free. */
export function segmentsOf(
  pool: Pool,
  instances: readonly Instance[],
  strings: StillStrings,
  added_bytes = 0,
): Segment[] {
  const shares = memoryShares(pool, instances);
  const added = Math.min(added_bytes, shares.free_bytes);
  return [
    ...shares.notebooks.map(({ name, memory_bytes }) => ({
      // As its tab is called.
      name: `${strings.notebook} ${name.replace(/.*[/\\]/, "")}`,
      part: "notebook" as const,
      bytes: memory_bytes,
    })),
    ...shares.instances.map(({ identifier, instance_reference, bytes }) => ({
      name: identifier,
      reference: instance_reference,
      part: "instance" as const,
      bytes,
    })),
    { name: strings.memoryOther, part: "other", bytes: shares.other_bytes },
    { name: strings.loading, part: "added", bytes: added },
    { name: strings.memoryFree, part: "free", bytes: shares.free_bytes - added },
  ];
}
