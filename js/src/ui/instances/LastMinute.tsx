import { useEffect, useReducer, useRef } from "preact/hooks";
import type { Instance } from "../../protocol/protocol";
import { onTick } from "../controls/clock";
import { useDetailWords } from "../text/detailWords";
import { activityOf } from "../text/facts";

/** A moment each, a second apart. */
const MOMENTS = 60;
const HEIGHT = 20;

interface Moment {
  speed: number;
  /** How many requests were there, with the one that is answered. */
  requests: number;
}

/** What an instance is doing: its speed in the last minute as a line, over the requests it had. */
export function LastMinute({ instance }: { instance: Instance }) {
  const words = useDetailWords();
  const { strings, format } = words;
  const moments = useMoments(instance);
  const fastest = Math.max(...moments.map(({ speed }) => speed));
  const most = Math.max(1, ...moments.map(({ requests }) => requests));
  const from = MOMENTS - moments.length;
  const label = strings.lastMinute(
    activityOf(instance, words),
    fastest > 0 ? strings.speed(format.integer(fastest)) : null,
  );
  return (
    <div class="lms-LastMinute">
      <svg
        viewBox={`0 0 ${MOMENTS} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
      >
        <title>{label}</title>
        {moments.map(({ requests }, place) => {
          const height = (requests / most) * HEIGHT;
          return (
            <rect key={place} x={from + place} y={HEIGHT - height} width="1" height={height} />
          );
        })}
        {fastest > 0 && (
          <polyline
            points={moments
              .map(({ speed }, place) => {
                const y = HEIGHT - 1 - (speed / fastest) * (HEIGHT - 2);
                return `${from + place + 0.5},${y.toFixed(1)}`;
              })
              .join(" ")}
          />
        )}
      </svg>
      <span>{label}</span>
    </div>
  );
}

/** What an instance was doing in each second since its details were opened, the newest last. */
function useMoments(instance: Instance): readonly Moment[] {
  const latest = useRef(instance);
  latest.current = instance;
  const moments = useRef<Moment[]>([momentOf(instance)]);
  const [, redraw] = useReducer((count: number, _: undefined) => count + 1, 0);
  useEffect(
    () =>
      onTick(() => {
        moments.current = [...moments.current, momentOf(latest.current)].slice(-MOMENTS);
        redraw(undefined);
      }),
    [],
  );
  return moments.current;
}

function momentOf({ status, queued, tokens_per_second }: Instance): Moment {
  const isIdle = status === "idle" || status === "unknown";
  return {
    speed: isIdle ? 0 : (tokens_per_second ?? 0),
    // A host that does not count still says that it is at work.
    requests: isIdle ? queued : Math.max(1, queued),
  };
}
