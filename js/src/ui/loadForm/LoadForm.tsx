import { useEffect, useRef, useState } from "preact/hooks";
import type { Activity, Model, Profile, Reply } from "../../protocol/protocol";
import type { LoadFields } from "../../store/loadCommand";
import type { Pending } from "../../store/pending";
import { Button } from "../controls/Button";
import { CopyButton } from "../controls/CopyButton";
import { useDetailWords } from "../text/detailWords";
import { EstimateLine } from "./EstimateLine";
import { FitField } from "./FitField";
import { formLine } from "./formLine";
import { KeepField } from "./KeepField";
import { MoreSettings } from "./MoreSettings";
import { DeviceField, type Devices, IdentifierField, VariantField } from "./nameFields";
import { ProfileChoice } from "./ProfileChoice";
import { SplitFields } from "./SplitFields";
import { ContextField, GpuField } from "./settingFields";
import { hasGpu, usualContext } from "./settings";
import { TtlChoice } from "./TtlChoice";
import { useEstimate } from "./useEstimate";
import { useLoadFields } from "./useLoadFields";

export interface LoadFormProps {
  model: Model;
  devices: Devices;
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

/** Bring the form into view once it is there, with the cursor in its first field. */
function useArrival() {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>("input, select")?.focus({ preventScroll: true });
    form.current?.scrollIntoView({ block: "nearest" });
  }, []);
  return form;
}

/** Load with settings: opens under the model's row. What is left alone, the host decides. */
export function LoadForm(props: LoadFormProps) {
  const { model, activity, inert, phase, onAsk, onLoad, onClose } = props;
  const { strings } = useDetailWords();
  const fields = useLoadFields(model);
  const { request, set } = fields;
  const { model_key, config } = request;
  const gpu = config.gpu ?? null;
  const [vram, setVram] = useState<number | null>(null);
  const ask = async () => {
    const answer = await onAsk(request);
    // What it takes of a GPU where nobody has said how much it may.
    if (answer.kind === "estimated" && gpu === null) setVram(answer.estimate.vram_bytes);
    return answer;
  };
  const reply = useEstimate(ask, JSON.stringify([model_key, config, request.fit, request.device]));
  const taken = phase !== undefined;
  const sent = useRef(false);
  useEffect(() => {
    if (sent.current && phase === "taken") onClose();
  }, [phase]);
  const form = useArrival();
  const submit = (event: Event) => {
    event.preventDefault();
    if (inert || taken) return;
    sent.current = true;
    onLoad(request);
  };
  const offload = gpu !== null || hasGpu(activity?.host ?? null, activity?.memory ?? null, vram);
  return (
    <form
      ref={form}
      class="lms-LoadForm"
      aria-label={strings.settingsOf(model.model_key)}
      onSubmit={submit}
    >
      <MainFields {...props} {...{ fields, reply, offload }} />
      <MoreSettings {...{ model, offload, config }} host={activity?.host ?? null} onSet={set} />
      <MagicLine line={formLine(request)} />
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

interface FieldsProps extends LoadFormProps {
  fields: ReturnType<typeof useLoadFields>;
  reply: Reply | null;
  /** There is, or may be, a GPU. */
  offload: boolean;
}

/** What most people look at, above the fold. */
function MainFields(props: FieldsProps) {
  const { model, activity, inert, fields, reply, offload } = props;
  const { format } = useDetailWords();
  const { request, change, set, split } = fields;
  const { config } = request;
  const gpus = activity?.memory?.gpus ?? [];
  const usual = usualContext(model, activity?.host ?? null);
  return (
    <div class="lms-LoadForm-fields">
      <ProfileChoice
        request={request}
        inert={inert}
        onProfiles={props.onProfiles}
        onChoose={change}
        onSave={props.onSave}
      />
      <VariantField {...{ model, request }} onChange={change} />
      <DeviceField {...{ devices: props.devices, request }} onChange={change} />
      <ContextField max={model.max_context_length} usual={usual} config={config} onSet={set} />
      <FitField
        request={request}
        found={
          reply?.kind === "estimated" && reply.context_length !== null
            ? format.integer(reply.context_length)
            : null
        }
        onChange={change}
      />
      {offload && <GpuField config={config} onSet={set} />}
      {gpus.length > 1 && <SplitFields {...{ gpus, config }} onChange={split} />}
      <TtlChoice ttl_s={request.ttl_s} onChange={(ttl_s) => change({ ttl_s })} />
      {activity?.host.features.includes("keep") && (
        <KeepField request={request} onChange={change} />
      )}
      <IdentifierField request={request} onChange={change} />
    </div>
  );
}

/** The same as a line of a notebook. */
function MagicLine({ line }: { line: string }) {
  const { strings } = useDetailWords();
  return (
    <div class="lms-LoadForm-line">
      <code dir="ltr">{line}</code>
      <CopyButton text={line}>{strings.copy}</CopyButton>
    </div>
  );
}
