import { useState } from "preact/hooks";
import type { Activity, Model } from "../../protocol/protocol";
import { Button } from "../controls/Button";
import { Confirm } from "../controls/Confirm";
import { CopyButton } from "../controls/CopyButton";
import { Snippets } from "../controls/Snippets";
import { useDetailWords } from "../text/detailWords";

export interface ModelMoreProps {
  model: Model;
  activity: Activity | null;
  inert: boolean;
  /** A click on Delete has not had its effect yet. */
  deleting: boolean;
  onDelete(model_key: string): void;
}

/** What can be done with a model on the disk besides loading it. */
export function ModelMore({ model, activity, inert, deleting, onDelete }: ModelMoreProps) {
  const { model_key } = model;
  const { strings, format } = useDetailWords();
  const [asking, setAsking] = useState(false);
  const host = activity?.host;
  // What is on another machine is deleted there.
  const canDelete = host?.features.includes("deleteModel") === true && model.device === null;
  return (
    <>
      <div class="lms-Details-actions lms-Details-copy">
        <CopyButton text={model_key}>{strings.copyKey}</CopyButton>
        {host && <Snippets kind={model.kind} name={model_key} address={host.address} />}
        {canDelete && (
          <Button disabled={inert || deleting} onClick={() => setAsking(true)}>
            {strings.deleteModel}
          </Button>
        )}
      </div>
      {asking && (
        <Confirm
          question={strings.deleteQuestion(model_key, format.bytes(model.size_bytes))}
          yes={strings.deleteYes}
          inert={inert || deleting}
          onYes={() => {
            setAsking(false);
            onDelete(model_key);
          }}
          onNo={() => setAsking(false)}
        />
      )}
    </>
  );
}
