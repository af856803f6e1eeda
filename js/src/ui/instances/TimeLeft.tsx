import { useRef } from "preact/hooks";
import type { Instance } from "../../protocol/protocol";
import { type Countdown, countdown } from "../../store/select";
import { putTicking, useTick } from "../controls/clock";
import { StillIcon } from "../controls/StillIcon";
import { clock, duration } from "../text/format";
import { useStillWords, type Words } from "../text/stillWords";

/** From here on the countdown warns. */
const LAST_S = 60;

/** Of a whole turn of the ring, whose line is 38 px long. */
const STEPS = 50;

interface Props {
  instance: Instance;
  /** The host's clock, Unix seconds. */
  now: () => number;
  /** The picture is old, so that nobody knows how long is left. */
  stale: boolean;
}

/** The ring that drains clockwise and the time left, or what stands in their place. */
export function TimeLeft({ instance, now, stale }: Props) {
  const words = useStillWords();
  const ring = useRef<SVGCircleElement>(null);
  const text = useRef<HTMLSpanElement>(null);
  const mark = useRef<HTMLSpanElement>(null);
  const left = countdown(instance, now());
  const counting = left.kind === "counting" && !stale;

  useTick(mark, counting, () => {
    if (!counting || ring.current === null || text.current === null) return;
    const current = countdown(instance, now());
    if (current.kind !== "counting") return;
    const { left_s, fraction } = current;
    putTicking(text.current, clock(left_s));
    mark.current?.toggleAttribute("data-last", left_s <= LAST_S);
    // In steps that are less than a pixel long: most seconds move nothing, and cost nothing.
    const share = Math.ceil(fraction * STEPS) * (100 / STEPS);
    if (ring.current.getAttribute("stroke-dasharray") === `${share} 100`) return;
    ring.current.setAttribute("stroke-dasharray", `${share} 100`);
    ring.current.setAttribute("stroke-dashoffset", `${share - 100}`);
  });

  const marked = left.kind === "stays" ? "infinity" : left.kind === "pinned" ? "pin" : null;
  const dark = stale && marked === null;
  const hint = dark ? words.strings.unknownLeft : hintFor(left, words);
  const unknown = dark || left.kind === "unknown";
  // What the picture says without words.
  const [before, after] = words.strings.unloadsIn("\n").split("\n");
  return (
    <span ref={mark} class="lms-TimeLeft" data-kind={unknown ? "unknown" : left.kind}>
      {marked ? (
        <StillIcon name={marked} />
      ) : (
        <svg class="lms-Ring" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
          <circle class="lms-Ring-track" cx="8" cy="8" r="6" />
          <circle ref={ring} class="lms-Ring-left" cx="8" cy="8" r="6" pathLength={100} />
          {left.kind === "in_use" && !unknown && (
            <circle class="lms-Ring-core" cx="8" cy="8" r="3" />
          )}
        </svg>
      )}
      {counting ? (
        // Its text is written by the clock alone.
        <span key="counting" class="lms-TimeLeft-text" role="timer" title={hint}>
          <span class="lms-Hidden">{before}</span>
          <span ref={text} class="lms-Ticking" />
          <span class="lms-Hidden">{after}</span>
        </span>
      ) : (
        <span key="still" class="lms-TimeLeft-text" title={hint}>
          {unknown ? "–" : standFor(left, words)}
        </span>
      )}
    </span>
  );
}

function standFor(left: Countdown, { strings }: Words): string {
  if (left.kind === "in_use") return strings.inUse;
  if (left.kind === "stays") return strings.stays;
  return "left_s" in left ? clock(left.left_s) : strings.pinned;
}

function hintFor(left: Countdown, { strings, format }: Words): string | undefined {
  if (left.kind === "stays") return strings.staysHint;
  if (left.kind === "pinned") return strings.pinnedHint;
  if (left.kind === "not_started") return strings.notStarted(duration(left.left_s));
  // By the reader's own clock: the host's may be wrong, the time left is not.
  if (left.kind === "counting")
    return strings.unloadsAt(format.time(Date.now() / 1000 + left.left_s));
  return undefined;
}
