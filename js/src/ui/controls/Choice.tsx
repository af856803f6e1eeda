import { quiet } from "./Button";

interface ChoiceProps<Value extends string> {
  id?: string;
  label?: string;
  value: Value;
  options: Record<Value, string>;
  onChange(value: Value): void;
}

/** A native list to choose from. */
export function Choice<Value extends string>(props: ChoiceProps<Value>) {
  const { id, label, value, options, onChange } = props;
  return (
    <select
      {...quiet}
      id={id}
      aria-label={label}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value as Value)}
    >
      {(Object.keys(options) as Value[]).map((option) => (
        <option key={option} value={option}>
          {options[option]}
        </option>
      ))}
    </select>
  );
}
