import type { ComponentChild } from "preact";
import { useMemo, useRef } from "preact/hooks";
import type { Instance, Memory } from "../../protocol/protocol";
import { bytesOf, nextDeadline } from "../../store/select";
import { clock } from "../text/format";
import { useStillWords } from "../text/stillWords";
import { Bar } from "./Bar";
import { putTicking, useTick } from "./clock";
import { GpuBars } from "./GpuBars";

interface Props {
  memory: Memory | null;
  instances: readonly Instance[];
  now: () => number;
  stale: boolean;
}

/** How full the machine's memory is and with what, and when some of it comes back. */
export function MemoryBar({ memory, instances, now, stale }: Props) {
  const { strings, format } = useStillWords();
  const next = useRef<HTMLSpanElement>(null);
  const deadline = useMemo(() => nextDeadline(instances), [instances]);
  const leaves = !stale && deadline !== null;
  useTick(next, leaves, () => {
    if (leaves) putTicking(next.current, clock(deadline - now()));
  });

  if (memory === null && instances.length === 0) return null;
  const [before, after] = strings.nextUnload("\n").split("\n");
  const total = memory && format.bytes(memory.total_bytes);
  const used =
    memory === null
      ? strings.memoryFiles(format.bytes(instances.reduce((sum, one) => sum + bytesOf(one), 0)))
      : strings.memoryOf(format.bytes(memory.total_bytes - memory.available_bytes), total ?? "");
  const gpus = memory?.gpus ?? [];
  // Beside others, this bar needs its name too.
  const named = (text: string) => (gpus[0] ? `${strings.memory}: ${text}` : text);
  const bar = (
    <div class="lms-MemoryBar">
      {/* Above the times of the rows: what ticks is close together, and so less is drawn anew. */}
      {instances.some(mayLeave) && (
        <Room name="next" widest={strings.nextUnload("00:00:00")}>
          {leaves && (
            <span role="timer">
              {before}
              <span ref={next} class="lms-Ticking" />
              {after}
            </span>
          )}
        </Room>
      )}
      {memory !== null && <Bar {...{ memory, instances }} label={`${strings.memory}: ${used}`} />}
      <Room name="used" widest={named(total === null ? used : strings.memoryOf(total, total))}>
        {named(used)}
      </Room>
    </div>
  );
  return gpus[0] ? [bar, <GpuBars key="gpus" {...{ gpus, instances }} />] : bar;
}

/** Whether it will leave by itself once it is idle: until then there is room to say when. */
function mayLeave({ ttl_s, pinned }: Instance): boolean {
  return ttl_s !== null && !pinned;
}

interface RoomProps {
  name: string;
  widest: string;
  children: ComponentChild;
}

/** Keeps the room for the widest text that may stand there: nothing beside it moves. */
function Room({ name, widest, children }: RoomProps) {
  return (
    <span class={`lms-Room lms-Room-${name}`} data-widest={widest}>
      <span>{children}</span>
    </span>
  );
}
