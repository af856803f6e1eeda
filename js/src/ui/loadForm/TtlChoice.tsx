import { useId, useState } from "preact/hooks";
import { quiet } from "../controls/Button";
import { useDetailWords } from "../text/detailWords";
import { duration } from "../text/format";
import { NumberInput } from "./fields";

const PRESETS_S = [300, 1800, 3600, null] as const;

interface Props {
  /** `null` is never. */
  ttl_s: number | null;
  onChange(ttl_s: number | null): void;
}

/** How long a model may be idle: a preset, never, or minutes of one's own. */
export function TtlChoice({ ttl_s, onChange }: Props) {
  const { strings } = useDetailWords();
  const name = useId();
  const [custom, setCustom] = useState(false);
  const choice = (label: string, checked: boolean, onPick: () => void) => (
    <label class="lms-Choice">
      <input {...quiet} type="radio" name={name} checked={checked} onChange={onPick} />
      {label}
    </label>
  );
  return (
    <fieldset class="lms-Field lms-TtlChoice">
      <legend title={strings.help.ttl}>{strings.ttl}</legend>
      <span class="lms-Field-value">
        {PRESETS_S.map((seconds) =>
          choice(
            seconds === null ? strings.never : duration(seconds),
            !custom && seconds === ttl_s,
            () => {
              setCustom(false);
              onChange(seconds);
            },
          ),
        )}
        {choice(strings.custom, custom, () => {
          setCustom(true);
          onChange(ttl_s ?? 600);
        })}
        {custom && (
          <>
            <NumberInput
              label={strings.customMinutes}
              value={ttl_s === null ? null : ttl_s / 60}
              low={1}
              high={100_000}
              onChange={(minutes) => onChange(minutes ? minutes * 60 : 60)}
            />
            <span class="lms-Field-note">min</span>
          </>
        )}
      </span>
    </fieldset>
  );
}
