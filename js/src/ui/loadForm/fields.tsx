import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { Button, quiet } from "../controls/Button";
import { Icon } from "../controls/Icon";
import { useDetailWords } from "../text/detailWords";

interface FieldProps {
  label: string;
  /** Something was set that can be left to the host again. */
  onReset?: (() => void) | undefined;
  /** What it is for: under it, or where `brief`, when somebody points at its name. */
  help?: string | undefined;
  brief?: boolean;
  children(id: string): ComponentChildren;
}

/** A label, what is set, and the way back to "host decides". */
export function Field({ label, onReset, help, brief, children }: FieldProps) {
  const { strings } = useDetailWords();
  const id = useId();
  return (
    <div class="lms-Field" data-changed={onReset !== undefined || undefined}>
      <label for={id} title={brief ? help : undefined}>
        {label}
      </label>
      <span class="lms-Field-value">
        {children(id)}
        {onReset && (
          <Button look="icon" label={strings.reset(label)} onClick={onReset}>
            <Icon name="reset" />
          </Button>
        )}
        {help && !brief && <span class="lms-Field-help">{help}</span>}
      </span>
    </div>
  );
}

interface NumberProps {
  id?: string;
  label?: string;
  value: number | null;
  /** What stands there while nothing is set. */
  auto?: string;
  low: number;
  high: number;
  step?: number;
  onChange(value: number | null): void;
}

/** A number, or nothing for "host decides". */
export function NumberInput({
  id,
  label,
  value,
  auto,
  low,
  high,
  step = 1,
  onChange,
}: NumberProps) {
  const { strings } = useDetailWords();
  return (
    <input
      {...quiet}
      id={id}
      aria-label={label}
      type="number"
      min={low}
      max={high}
      step={step}
      placeholder={auto ?? strings.auto}
      value={value ?? ""}
      onInput={({ currentTarget }) =>
        onChange(currentTarget.value === "" ? null : currentTarget.valueAsNumber)
      }
    />
  );
}
