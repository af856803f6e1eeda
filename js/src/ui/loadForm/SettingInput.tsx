import type { LoadConfig } from "../../protocol/protocol";
import { quiet } from "../controls/Button";
import { Choice } from "../controls/Choice";
import { useDetailWords } from "../text/detailWords";
import { NumberInput } from "./fields";
import type { Setting } from "./settings";

interface Props {
  id: string;
  setting: Setting;
  config: LoadConfig;
  /** What stands there while nothing is set. */
  auto: string;
  onChange(value: unknown): void;
}

/** What one setting is set with: a number, a list, or on and off; nothing is "host decides". */
export function SettingInput({ id, setting, config, auto, onChange }: Props) {
  const { strings } = useDetailWords();
  const value = config[setting.name] ?? null;
  if (setting.kind === "number") {
    return (
      <NumberInput
        id={id}
        {...setting}
        auto={auto}
        value={value as number | null}
        onChange={onChange}
      />
    );
  }
  if (setting.kind === "text" || setting.kind === "lines") {
    const text = {
      ...quiet,
      id,
      spellcheck: false,
      placeholder: auto,
      value: (value as string | null) ?? "",
      onInput: ({ currentTarget }: { currentTarget: { value: string } }) =>
        onChange(currentTarget.value || null),
    };
    return setting.kind === "text" ? <input {...text} type="text" /> : <textarea {...text} />;
  }
  const options: Record<string, string> = { "": auto };
  if (setting.kind === "flag") Object.assign(options, { true: strings.on, false: strings.off });
  else for (const option of setting.options) options[option] = option;
  return (
    <Choice
      id={id}
      value={value === null ? "" : String(value)}
      options={options}
      onChange={(next) =>
        onChange(next === "" ? null : setting.kind === "flag" ? next === "true" : next)
      }
    />
  );
}
