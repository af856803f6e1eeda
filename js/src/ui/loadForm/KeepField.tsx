import type { LoadFields } from "../../store/loadCommand";
import { quiet } from "../controls/Button";
import { Choice } from "../controls/Choice";
import { usePlace } from "../controls/place";
import { useDetailWords } from "../text/detailWords";
import { Field } from "./fields";

const OPEN = "open";
const UNTIL = "until";
const EVENING = "18:00";

interface Props {
  request: LoadFields;
  onChange(part: Partial<LoadFields>): void;
}

/** What keeps the model instead of its TTL: an open notebook, or a time of day. */
export function KeepField({ request: { keep }, onChange }: Props) {
  const { strings } = useDetailWords();
  // A sidebar belongs to no notebook.
  const isNotebook = usePlace().surface !== "sidebar";
  const until = keep?.until ?? null;
  const chosen = !keep ? "" : until === null ? OPEN : UNTIL;
  const choose = (wanted: string) => {
    if (wanted === "") onChange({ keep: null });
    else onChange({ keep: { until: wanted === UNTIL ? nextAt(EVENING) : null } });
  };
  return (
    <Field label={strings.keep} help={strings.help.keep} brief>
      {(id) => (
        <>
          <Choice
            id={id}
            value={chosen}
            options={{
              "": strings.keepTtl,
              ...(isNotebook ? { [OPEN]: strings.keepOpen } : {}),
              [UNTIL]: strings.keepUntil,
            }}
            onChange={choose}
          />
          {until !== null && (
            <input
              {...quiet}
              type="time"
              aria-label={strings.keepUntil}
              value={timeOf(until)}
              onInput={({ currentTarget: { value } }) =>
                value && onChange({ keep: { until: nextAt(value) } })
              }
            />
          )}
        </>
      )}
    </Field>
  );
}

/** The time of day as a field and `%lms` write it. */
export function timeOf(until: number): string {
  const at = new Date(until * 1000);
  return [at.getHours(), at.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** When it is that late the next time, in Unix seconds: a day may have 23 or 25 hours. */
function nextAt(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  const at = new Date();
  at.setHours(hours, minutes, 0, 0);
  if (at.getTime() <= Date.now()) at.setDate(at.getDate() + 1);
  return at.getTime() / 1000;
}
