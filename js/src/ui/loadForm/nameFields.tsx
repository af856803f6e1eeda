import type { Model } from "../../protocol/protocol";
import type { LoadFields } from "../../store/loadCommand";
import { quiet } from "../controls/Button";
import { useWords } from "../text/words";
import { Choice, Field } from "./fields";

interface Props {
  request: LoadFields;
  onChange(part: Partial<LoadFields>): void;
}

/** Which variant of the model, where it has several. */
export function VariantField({ model, request, onChange }: Props & { model: Model }) {
  const { strings } = useWords();
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

/** The name of the instance; the host chooses one if it is left empty. */
export function IdentifierField({ request, onChange }: Props) {
  const { strings } = useWords();
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
