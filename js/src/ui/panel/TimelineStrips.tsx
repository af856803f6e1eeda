import { useEffect, useReducer, useState } from "preact/hooks";
import type { Activity, Instance } from "../../protocol/protocol";
import { placeOf, reachingBack, type Span, WINDOW_S } from "../../store/history";
import { countdown } from "../../store/select";
import { Button } from "../controls/Button";
import { onTick } from "../controls/clock";
import { Name } from "../controls/Name";
import { useDiary } from "../controls/useDiary";
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
/** How far one may look back. */
const PASTS_S = [WINDOW_S, 3600, 86_400, 604_800] as const;

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
  const [past_s, setPast] = useState<number>(WINDOW_S);
  const since = activity.now - past_s;
  const isNear = past_s === WINDOW_S;
  // What comes and goes meanwhile is seen here; the diary is for what was before.
  const diary = useDiary(isNear ? null : { since, instance_reference: null }, past_s);
  const shown = isNear || !diary ? spans : reachingBack(spans, diary.loads, since);
  const present = new Map(activity.instances.map((one) => [one.instance_reference, one]));
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: as in the details of an instance. */}
      <div class="lms-Details-actions" role="group" aria-label={words.strings.backTo}>
        {PASTS_S.map((seconds) => (
          <Button key={seconds} pressed={seconds === past_s} onClick={() => setPast(seconds)}>
            {reach(seconds)}
          </Button>
        ))}
      </div>
      <div class="lms-Timeline-axis" aria-hidden="true">
        <span>−{reach(past_s)}</span>
        <span>{words.strings.now}</span>
        <span>+{duration(WINDOW_S)}</span>
      </div>
      <ul>
        {shown.map((span) => (
          <li key={span.reference}>
            <Name>{span.name}</Name>
            <Strip
              span={span}
              instance={present.get(span.reference)}
              now={stale ? activity.now : now()}
              past_s={past_s}
              stale={stale}
              words={words}
            />
          </li>
        ))}
      </ul>
    </>
  );
}

/** "1 h", "7 d". */
const reach = (seconds: number) =>
  seconds % 86_400 === 0 ? `${seconds / 86_400}\u00a0d` : duration(seconds);

interface StripProps {
  span: Span;
  instance: Instance | undefined;
  now: number;
  past_s: number;
  stale: boolean;
  words: DetailWords;
}

/** One instance: what has been is solid, what is to come is faint. */
function Strip({ span, instance, now, past_s, stale, words: { strings, format } }: StripProps) {
  const end = stale || !instance ? null : unloadAt(instance, now);
  const bar = (name: string, from: number, to: number) => (
    <rect
      class={`lms-Timeline-${name}`}
      x={`${100 * placeOf(from, now, past_s)}%`}
      width={`${100 * (placeOf(to, now, past_s) - placeOf(from, now, past_s))}%`}
      y="2"
      height="8"
    />
  );
  // By the reader's own clock, as everywhere.
  const time = (at: number) => format.moment(Date.now() / 1000 + at - now);
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
