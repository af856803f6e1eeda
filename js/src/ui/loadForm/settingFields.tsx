import type { HostInfo, LoadConfig, Model } from "../../protocol/protocol";
import { quiet } from "../controls/Button";
import { useDetailWords } from "../text/detailWords";
import { valueText } from "../text/facts";
import { Field, NumberInput } from "./fields";
import { SettingInput } from "./SettingInput";
import { SliderField } from "./SliderField";
import { contextStops, nearestStop, settingsFor } from "./settings";
import type { SetSetting } from "./useLoadFields";

interface Props {
  config: LoadConfig;
  onSet: SetSetting;
}

/** How many tokens fit, up to the model's maximum. */
export function ContextField({ max, config, onSet }: Props & { max: number }) {
  const { strings, format } = useDetailWords();
  const stops = contextStops(max);
  const length = config.context_length ?? null;
  return (
    <SliderField
      label={strings.contextLength}
      help={strings.help.context_length}
      at={length === null ? null : nearestStop(stops, length)}
      max={stops.length - 1}
      text={length === null ? "" : format.integer(length)}
      onMove={(at) => onSet("context_length", stops[at] ?? null)}
      onReset={() => onSet("context_length", null)}
    >
      {(id) => (
        <>
          <NumberInput
            {...(id !== undefined && { id })}
            value={length}
            low={1}
            high={max}
            onChange={(value) => onSet("context_length", value)}
          />
          <span class="lms-Field-note">{strings.ofMaximum(format.integer(max))}</span>
        </>
      )}
    </SliderField>
  );
}

/** Steps of the slider for the GPU's part. */
const PARTS = 20;

/** How much of the model a GPU gets. */
export function GpuField({ config, onSet }: Props) {
  const words = useDetailWords();
  const { strings } = words;
  const gpu = config.gpu ?? null;
  return (
    <SliderField
      label={strings.gpu}
      help={strings.help.gpu}
      at={gpu === null ? null : gpu * PARTS}
      max={PARTS}
      text={valueText("gpu", gpu, words)}
      named
      onMove={(at) => onSet("gpu", at / PARTS)}
      onReset={() => onSet("gpu", null)}
    >
      {() => (
        <span class="lms-Field-note">
          {gpu === null ? strings.auto : valueText("gpu", gpu, words)}
        </span>
      )}
    </SliderField>
  );
}

interface MoreProps extends Props {
  model: Model;
  host: HostInfo | null;
  /** There is, or may be, a GPU. */
  offload: boolean;
}

/** What few people change, below the fold. */
export function MoreSettings({ model, host, offload, config, onSet }: MoreProps) {
  const { strings } = useDetailWords();
  const settings = settingsFor(model, offload, host);
  return (
    <details>
      <summary {...quiet}>{strings.moreSettings(settings.length)}</summary>
      <div class="lms-LoadForm-more">
        {settings.map((setting) => (
          <Field
            key={setting.name}
            label={strings.settings[setting.name]}
            help={strings.help[setting.name]}
          >
            {(id) => (
              <SettingInput
                id={id}
                setting={setting}
                config={config}
                onChange={(value) => onSet(setting.name, value as never)}
              />
            )}
          </Field>
        ))}
      </div>
    </details>
  );
}
