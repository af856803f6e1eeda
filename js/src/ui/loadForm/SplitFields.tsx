import type { GpuMemory, LoadConfig } from "../../protocol/protocol";
import { gpuName } from "../../store/select";
import { quiet } from "../controls/Button";
import { Choice } from "../controls/Choice";
import { useDetailWords } from "../text/detailWords";
import { Field, NumberInput } from "./fields";
import type { GpuSplit } from "./settings";

interface Props {
  gpus: readonly GpuMemory[];
  config: LoadConfig;
  onChange(part: GpuSplit): void;
}

/** Which of several GPUs a model may lie on, and how they share it. */
export function SplitFields({ gpus, config, onChange }: Props) {
  const disabled = config.disabled_gpus ?? [];
  const used = gpus.map((_, place) => place).filter((place) => !disabled.includes(place));
  return (
    <>
      <UsedGpus {...{ gpus, config, used, onChange }} />
      {used.length > 1 && <Strategy {...{ gpus, config, used, onChange }} />}
    </>
  );
}

interface PartProps extends Props {
  /** The places of the GPUs that are not disabled. */
  used: readonly number[];
}

/** A tick for each GPU; one stays. */
function UsedGpus({ gpus, config, used, onChange }: PartProps) {
  const { strings } = useDetailWords();
  const pick = (place: number, wanted: boolean) => {
    const disabled = gpus
      .map((_, other) => other)
      .filter((other) => (other === place ? !wanted : !used.includes(other)));
    // The one that is filled first is to be one that is used.
    const first: GpuSplit =
      config.split_strategy === "priorityOrder"
        ? {
            main_gpu: gpus.findIndex((_, other) => !disabled.includes(other)),
            gpu_priority: null,
          }
        : {};
    onChange({ disabled_gpus: disabled.length > 0 ? disabled : null, ...first });
  };
  return (
    <fieldset class="lms-Field lms-SplitFields">
      <legend title={strings.help.disabled_gpus}>{strings.gpusUsed}</legend>
      <span class="lms-Field-value">
        {gpus.map((_, place) => {
          const checked = used.includes(place);
          return (
            <label key={place} class="lms-Choice">
              <input
                {...quiet}
                type="checkbox"
                checked={checked}
                disabled={checked && used.length === 1}
                onChange={({ currentTarget }) => pick(place, currentTarget.checked)}
              />
              {gpuName(place, gpus)}
            </label>
          );
        })}
      </span>
    </fieldset>
  );
}

/** How the GPUs that are used share the model, and what that goes by. */
function Strategy({ gpus, config, used, onChange }: PartProps) {
  const { strings } = useDetailWords();
  const strategy = config.split_strategy ?? "";
  const ratio = config.gpu_custom_ratio ?? [];
  const choose = (wanted: keyof typeof strings.strategies | "") =>
    onChange({
      split_strategy: wanted || null,
      main_gpu: wanted === "priorityOrder" ? (used[0] ?? 0) : null,
      gpu_priority: null,
      gpu_custom_ratio: wanted === "custom" ? gpus.map(() => 1) : null,
    });
  return (
    <>
      <Field label={strings.settings.split_strategy} help={strings.help.split_strategy} brief>
        {(id) => (
          <Choice
            id={id}
            value={strategy}
            options={{ "": strings.auto, ...strings.strategies }}
            onChange={choose}
          />
        )}
      </Field>
      {strategy === "priorityOrder" && (
        <Field label={strings.fillFirst} help={strings.help.main_gpu} brief>
          {(id) => (
            <Choice
              id={id}
              value={String(config.main_gpu ?? used[0])}
              options={Object.fromEntries(used.map((place) => [place, gpuName(place, gpus)]))}
              onChange={(place) => onChange({ main_gpu: Number(place) })}
            />
          )}
        </Field>
      )}
      {strategy === "custom" &&
        used.map((place) => (
          <Field key={place} label={strings.shareOf(gpuName(place, gpus))}>
            {(id) => (
              <NumberInput
                id={id}
                value={ratio[place] ?? 0}
                low={0}
                high={1000}
                step={0.25}
                onChange={(part) =>
                  onChange({
                    gpu_custom_ratio: gpus.map((_, at) =>
                      at === place ? (part ?? 0) : (ratio[at] ?? 0),
                    ),
                  })
                }
              />
            )}
          </Field>
        ))}
    </>
  );
}
