import type { LoadFields } from "../../store/loadCommand";
import { Choice } from "../controls/Choice";
import { useDetailWords } from "../text/detailWords";
import { Field } from "./fields";

const MAX = "max";
const SHARE = "85%";
const LEAVE = "leave=4GB";

interface Props {
  request: LoadFields;
  /** The context that fits, once the host has been asked. */
  found: string | null;
  onChange(part: Partial<LoadFields>): void;
}

/** How much memory the load may take: the longest context that fits is found before it. */
export function FitField({ request, found, onChange }: Props) {
  const { strings } = useDetailWords();
  const fit = request.fit ?? "";
  // A profile may say another one.
  const options: Record<string, string> = {
    "": strings.noProfile,
    [fit]: fit,
    [MAX]: strings.fitMax,
    [SHARE]: strings.fitShare,
    [LEAVE]: strings.fitLeave,
  };
  options[""] = strings.noProfile;
  return (
    <Field label={strings.fit} help={strings.help.fit} brief>
      {(id) => (
        <>
          <Choice
            id={id}
            value={fit}
            options={options}
            onChange={(wanted) => onChange({ fit: wanted || null })}
          />
          {fit !== "" && found !== null && (
            <span class="lms-Field-note">{strings.tokensFit(found)}</span>
          )}
        </>
      )}
    </Field>
  );
}
