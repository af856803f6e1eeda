import type { Model } from "../../protocol/protocol";
import type { LoadFields } from "../../store/loadCommand";
import { quiet } from "../controls/Button";
import { Choice } from "../controls/Choice";
import { useDetailWords } from "../text/detailWords";
import { Field } from "./fields";

/** The same model, once for each machine that has it. */
export type Devices = readonly Pick<Model, "device" | "device_name">[];

interface Props {
  request: LoadFields;
  onChange(part: Partial<LoadFields>): void;
}

/** Which variant of the model, where it has several. */
export function VariantField({ model, request, onChange }: Props & { model: Model }) {
  const { strings } = useDetailWords();
  if (model.variants.length < 2) return null;
  return (
    <Field label={strings.variant}>
      {(id) => (
        <Choice
          id={id}
          value={request.model_key}
          options={Object.fromEntries(
            [model.model_key, ...model.variants].map((key) => [key, key]),
          )}
          onChange={(model_key) => onChange({ model_key })}
        />
      )}
    </Field>
  );
}

/** On which machine of the host's LM Link, where several have the model. */
export function DeviceField({ devices, request, onChange }: Props & { devices: Devices }) {
  const { strings } = useDetailWords();
  if (devices.length < 2) return null;
  const named = devices.map(({ device, device_name }) => [
    device ?? "",
    device ? (device_name ?? device) : strings.local,
  ]);
  return (
    <Field label={strings.device}>
      {(id) => (
        <Choice
          id={id}
          // No identifier is a blank.
          value={request.device ?? " "}
          options={{ " ": strings.auto, ...Object.fromEntries(named) }}
          onChange={(device) => onChange({ device: device === " " ? null : device })}
        />
      )}
    </Field>
  );
}

/** The name of the instance; the host chooses one if it is left empty. */
export function IdentifierField({ request, onChange }: Props) {
  const { strings } = useDetailWords();
  return (
    <Field label={strings.identifier} help={strings.help.identifier} brief>
      {(id) => (
        <input
          {...quiet}
          id={id}
          type="text"
          spellcheck={false}
          placeholder={request.model_key}
          value={request.identifier ?? ""}
          onInput={({ currentTarget }) => onChange({ identifier: currentTarget.value || null })}
        />
      )}
    </Field>
  );
}
