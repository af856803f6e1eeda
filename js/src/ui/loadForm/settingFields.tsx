import type { LoadConfig } from "../../protocol/protocol";
import { useDetailWords } from "../text/detailWords";
import { valueText } from "../text/facts";
import { NumberInput } from "./fields";
import { SliderField } from "./SliderField";
import { contextStops, nearestStop } from "./settings";
import type { SetSetting } from "./useLoadFields";

interface Props {
  config: LoadConfig;
  onSet: SetSetting;
}

interface ContextProps extends Props {
  max: number;
  /** What the host takes if nothing is said, where that is known. */
  usual: number | null;
}

/** How many tokens fit, up to the model's maximum. */
export function ContextField({ max, usual, config, onSet }: ContextProps) {
  const { strings, format } = useDetailWords();
  const auto = usual === null ? strings.auto : strings.autoIs(format.integer(usual));
  const stops = contextStops(max);
  const length = config.context_length ?? null;
  return (
    <SliderField
      label={strings.contextLength}
      help={strings.help.context_length}
      at={length === null ? null : nearestStop(stops, length)}
      max={stops.length - 1}
      auto={auto}
      text={length === null ? "" : format.integer(length)}
      onMove={(at) => onSet("context_length", stops[at] ?? null)}
      onReset={() => onSet("context_length", null)}
    >
      {(id) => (
        <>
          <NumberInput
            {...(id !== undefined && { id })}
            value={length}
            auto={auto}
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
