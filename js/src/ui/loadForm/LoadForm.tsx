import { useEffect, useRef, useState } from "preact/hooks";
import type { Activity, LoadConfig, Model, Profile, Reply } from "../../protocol/protocol";
import type { LoadFields } from "../../store/loadCommand";
import type { Pending } from "../../store/pending";
import { Button, quiet } from "../controls/Button";
import { CopyButton } from "../controls/CopyButton";
import { loadLine } from "../text/code";
import { valueText } from "../text/facts";
import { useWords } from "../text/words";
import { EstimateLine } from "./EstimateLine";
import { Choice, Field, NumberInput } from "./fields";
import { ProfileChoice } from "./ProfileChoice";
import { SettingInput } from "./SettingInput";
import { SliderField } from "./SliderField";
import { contextStops, hasGpu, nearestStop, settingsFor } from "./settings";
import { TtlChoice } from "./TtlChoice";
import { useEstimate } from "./useEstimate";

interface Props {
  model: Model;
  activity: Activity | null;
  inert: boolean;
  /** What became of the last click on Load, or of a load that is on its way already. */
  phase: Pending["phase"] | undefined;
  onAsk(request: LoadFields): Promise<Reply>;
  onProfiles(): Promise<Reply>;
  onSave(profile: Profile): void;
  onLoad(request: LoadFields): void;
  onClose(): void;
}

/** Steps of the slider for the GPU's part. */
const PARTS = 20;

/** Load with settings: opens under the model's row. What is left alone, the host decides. */
export function LoadForm(props: Props) {
  const { model, activity, inert, phase, onAsk, onLoad, onClose } = props;
  const words = useWords();
  const { strings, format } = words;
  const form = useRef<HTMLFormElement>(null);
  const [request, setRequest] = useState<LoadFields>({
    model_key: model.model_key,
    identifier: null,
    ttl_s: 3600,
    config: {},
  });
  const { model_key, identifier, config } = request;
  const change = (part: Partial<LoadFields>) => setRequest({ ...request, ...part });
  const set = <Name extends keyof LoadConfig>(name: Name, value: LoadConfig[Name]) => {
    const { [name]: _, ...others } = config;
    change({ config: value === null ? others : { ...others, [name]: value } });
  };
  const [vram, setVram] = useState<number | null>(null);
  const ask = async () => {
    const answer = await onAsk(request);
    // What it takes of a GPU where nobody has said how much it may.
    if (answer.kind === "estimated" && gpu === null) setVram(answer.estimate.vram_bytes);
    return answer;
  };
  const reply = useEstimate(ask, JSON.stringify([model_key, config]));
  const taken = phase !== undefined;
  const sent = useRef(false);
  useEffect(() => {
    if (sent.current && phase === "taken") onClose();
  }, [phase]);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>("input, select")?.focus({ preventScroll: true });
    form.current?.scrollIntoView({ block: "nearest" });
  }, []);

  const max = model.max_context_length;
  const stops = contextStops(max);
  const length = config.context_length ?? null;
  const gpu = config.gpu ?? null;
  const offload = gpu !== null || hasGpu(activity?.host ?? null, vram);
  const settings = settingsFor(model, offload);
  const line = loadLine(request);
  return (
    <form
      ref={form}
      class="lms-LoadForm"
      aria-label={strings.settingsOf(model.model_key)}
      onSubmit={(event) => {
        event.preventDefault();
        if (inert || taken) return;
        sent.current = true;
        onLoad(request);
      }}
    >
      <ProfileChoice
        request={request}
        inert={inert}
        onProfiles={props.onProfiles}
        onChoose={change}
        onSave={props.onSave}
      />
      {model.variants.length > 1 && (
        <Field label={strings.variant}>
          {(id) => (
            <Choice
              id={id}
              value={model_key}
              options={Object.fromEntries(
                [model.model_key, ...model.variants].map((key) => [key, key]),
              )}
              onChange={(key) => change({ model_key: key })}
            />
          )}
        </Field>
      )}
      <SliderField
        label={strings.contextLength}
        help={strings.help.context_length}
        at={length === null ? null : nearestStop(stops, length)}
        max={stops.length - 1}
        text={length === null ? "" : format.integer(length)}
        onMove={(at) => set("context_length", stops[at] ?? null)}
        onReset={() => set("context_length", null)}
      >
        {(id) => (
          <>
            <NumberInput
              {...(id !== undefined && { id })}
              value={length}
              low={1}
              high={max}
              onChange={(value) => set("context_length", value)}
            />
            <span class="lms-Field-note">{strings.ofMaximum(format.integer(max))}</span>
          </>
        )}
      </SliderField>
      {offload && (
        <SliderField
          label={strings.gpu}
          help={strings.help.gpu}
          at={gpu === null ? null : gpu * PARTS}
          max={PARTS}
          text={valueText("gpu", gpu, words)}
          named
          onMove={(at) => set("gpu", at / PARTS)}
          onReset={() => set("gpu", null)}
        >
          {() => (
            <span class="lms-Field-note">
              {gpu === null ? strings.auto : valueText("gpu", gpu, words)}
            </span>
          )}
        </SliderField>
      )}
      <TtlChoice ttl_s={request.ttl_s} onChange={(ttl_s) => change({ ttl_s })} />
      <Field label={strings.identifier} help={strings.help.identifier} brief>
        {(id) => (
          <input
            {...quiet}
            id={id}
            type="text"
            spellcheck={false}
            placeholder={model_key}
            value={identifier ?? ""}
            onInput={({ currentTarget }) => change({ identifier: currentTarget.value || null })}
          />
        )}
      </Field>
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
                  onChange={(value) => set(setting.name, value as never)}
                />
              )}
            </Field>
          ))}
        </div>
      </details>
      <div class="lms-LoadForm-line">
        <code dir="ltr">{line}</code>
        <CopyButton text={line}>{strings.copy}</CopyButton>
      </div>
      {/* Stays in view for as long as any of the form is. */}
      <div class="lms-LoadForm-end">
        <EstimateLine
          reply={reply}
          memory={activity?.memory ?? null}
          instances={activity?.instances ?? []}
        />
        <Button onClick={onClose}>{strings.cancel}</Button>
        <Button look="accent" type="submit" disabled={inert || taken}>
          {taken ? strings.loading : strings.load}
        </Button>
      </div>
    </form>
  );
}
