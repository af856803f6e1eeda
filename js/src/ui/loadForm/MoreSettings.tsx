import { useState } from "preact/hooks";
import type { HostInfo, LoadConfig, Model } from "../../protocol/protocol";
import { quiet } from "../controls/Button";
import { useDetailWords } from "../text/detailWords";
import { valueText } from "../text/facts";
import { Field } from "./fields";
import { SettingInput } from "./SettingInput";
import { GROUPS, type Group, type Setting, settingsFor, usualFor } from "./settings";
import type { SetSetting } from "./useLoadFields";

interface Props {
  model: Model;
  host: HostInfo | null;
  /** There is, or may be, a GPU. */
  offload: boolean;
  config: LoadConfig;
  onSet: SetSetting;
}

/** What few people change, below the fold: in groups, to be looked through by words. */
export function MoreSettings({ model, host, offload, config, onSet }: Props) {
  const { strings } = useDetailWords();
  const [query, setQuery] = useState("");
  const settings = settingsFor(model, offload, host);
  const changed = settings.filter(({ name }) => isSet(config, name)).length;
  const wanted = query.trim().toLowerCase().split(/\s+/);
  const found = settings.filter(({ name }) => {
    const text = `${name} ${strings.settings[name]} ${strings.help[name]}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
  return (
    <details>
      <summary {...quiet}>
        {strings.moreSettings(settings.length)}
        {changed > 0 && <span class="lms-Field-note"> · {strings.changedSettings(changed)}</span>}
      </summary>
      <input
        {...quiet}
        class="lms-LoadForm-search"
        type="search"
        placeholder={strings.findSetting}
        aria-label={strings.findSetting}
        value={query}
        onInput={({ currentTarget }) => setQuery(currentTarget.value)}
        onKeyDown={(event) => {
          // Enter would load.
          if (event.key === "Enter") event.preventDefault();
          if (event.key !== "Escape" || query === "") return;
          event.stopPropagation();
          setQuery("");
        }}
      />
      <p class="lms-Field-note" role="status">
        {found.length === 0 && strings.noSetting(query)}
      </p>
      {GROUPS.map((group) => (
        <SettingGroup
          key={group}
          {...{ group, host, config, onSet }}
          settings={found.filter((setting) => setting.group === group)}
        />
      ))}
    </details>
  );
}

function isSet(config: LoadConfig, name: keyof LoadConfig): boolean {
  return (config[name] ?? null) !== null;
}

interface GroupProps extends Pick<Props, "host" | "config" | "onSet"> {
  group: Group;
  settings: readonly Setting[];
}

function SettingGroup({ group, settings, host, config, onSet }: GroupProps) {
  const words = useDetailWords();
  const { strings } = words;
  if (settings.length === 0) return null;
  return (
    <section class="lms-LoadForm-group" aria-label={strings.groups[group]}>
      <h4>{strings.groups[group]}</h4>
      <div class="lms-LoadForm-fields">
        {settings.map((setting) => {
          const { name } = setting;
          const usual = usualFor(name, host);
          return (
            <Field
              key={name}
              label={strings.settings[name]}
              help={strings.help[name]}
              onReset={isSet(config, name) ? () => onSet(name, null) : undefined}
            >
              {(id) => (
                <SettingInput
                  {...{ id, setting, config }}
                  auto={
                    usual === null ? strings.auto : strings.autoIs(valueText(name, usual, words))
                  }
                  onChange={(value) => onSet(name, value as never)}
                />
              )}
            </Field>
          );
        })}
      </div>
    </section>
  );
}
