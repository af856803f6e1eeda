import type { ComponentChildren } from "preact";
import { quiet } from "../controls/Button";
import { useDetailWords } from "../text/detailWords";
import { Field } from "./fields";

interface Props {
  label: string;
  help: string;
  /** The place on the slider; `null` is "host decides". */
  at: number | null;
  max: number;
  /** What the host decides, in words; that it does, if nobody knows. */
  auto?: string;
  /** What the place means. */
  text: string;
  onMove(at: number): void;
  onReset(): void;
  /** What stands beside the slider; it is given the field's name where it is what the label names. */
  children(id: string | undefined): ComponentChildren;
  /** The slider itself is what the label names. */
  named?: boolean;
}

/**
 * A setting with a slider. While the host decides, the slider stands nowhere: it has no handle
 * until somebody takes hold of it, and the keyboard begins at its lower end.
 */
export function SliderField({ label, help, at, max, text, auto, named = false, ...props }: Props) {
  const { strings } = useDetailWords();
  return (
    <Field label={label} help={help} brief onReset={at === null ? undefined : props.onReset}>
      {(id) => (
        <>
          <input
            {...quiet}
            id={named ? id : undefined}
            type="range"
            aria-label={label}
            aria-valuetext={at === null ? (auto ?? strings.auto) : text}
            data-unset={at === null}
            max={max}
            value={at ?? 0}
            onInput={({ currentTarget }) => props.onMove(currentTarget.valueAsNumber)}
          />
          {props.children(named ? undefined : id)}
        </>
      )}
    </Field>
  );
}
