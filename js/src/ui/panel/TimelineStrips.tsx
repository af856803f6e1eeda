import { useEffect, useReducer } from "preact/hooks";
import type { Activity, Instance } from "../../protocol/protocol";
import { placeOf, type Span, WINDOW_S } from "../../store/history";
import { countdown } from "../../store/select";
import { onTick } from "../controls/clock";
import { Name } from "../controls/Name";
import { type DetailWords, useDetailWords } from "../text/detailWords";
import { duration } from "../text/format";

export interface StripsProps {
  activity: Activity;
  spans: readonly Span[];
  now: () => number;
  stale: boolean;
}

/** The picture moves by less than a pixel in this time. */
const EVERY_TICKS = 5;

/** What was in memory in the last minutes, and until when what is there will stay: a strip each. */
export function TimelineStrips({ activity, spans, now, stale }: StripsProps) {
  const words = useDetailWords();
  const [, redraw] = useReducer((count: number, _: undefined) => count + 1, 0);
  useEffect(() => {
    let ticks = 0;
    return onTick(() => {
      ticks += 1;
      if (ticks % EVERY_TICKS === 0) redraw(undefined);
    });
  }, []);
  const present = new Map(activity.instances.map((one) => [one.instance_reference, one]));
  return (
    <>
      <div class="lms-Timeline-axis" aria-hidden="true">
        <span>−{duration(WINDOW_S)}</span>
        <span>{words.strings.now}</span>
        <span>+{duration(WINDOW_S)}</span>
      </div>
      <ul>
        {spans.map((span) => (
          <li key={span.reference}>
            <Name>{span.name}</Name>
            <Strip
              span={span}
              instance={present.get(span.reference)}
              now={stale ? activity.now : now()}
              stale={stale}
              words={words}
            />
          </li>
        ))}
      </ul>
    </>
  );
}

interface StripProps {
  span: Span;
  instance: Instance | undefined;
  now: number;
  stale: boolean;
  words: DetailWords;
}

/** One instance: what has been is solid, what is to come is faint. */
function Strip({ span, instance, now, stale, words: { strings, format } }: StripProps) {
  const end = stale || !instance ? null : unloadAt(instance, now);
  const bar = (name: string, from: number, to: number) => (
    <rect
      class={`lms-Timeline-${name}`}
      x={`${100 * placeOf(from, now)}%`}
      width={`${100 * (placeOf(to, now) - placeOf(from, now))}%`}
      y="2"
      height="8"
    />
  );
  // By the reader's own clock, as everywhere.
  const time = (at: number) => format.time(Date.now() / 1000 + at - now);
  const parts = [
    strings.seenFrom(time(span.from)),
    span.to !== null ? strings.seenTo(time(span.to)) : null,
    end !== null && Number.isFinite(end) ? strings.unloadsAt(time(end)) : null,
  ];
  const label = `${span.name}: ${parts.filter(Boolean).join(", ")}`;
  return (
    <svg height="12" role="img" aria-label={label}>
      <title>{label}</title>
      {bar("past", span.from, span.to ?? now)}
      {end !== null && bar("ahead", now, end)}
      <line x1="50%" x2="50%" y1="0" y2="12" />
    </svg>
  );
}

/** When an instance is unloaded if nobody uses it again; never is infinity, and so is "not while used". */
function unloadAt(instance: Instance, now: number): number {
  const left = countdown(instance, now);
  return "left_s" in left ? now + left.left_s : Number.POSITIVE_INFINITY;
}
