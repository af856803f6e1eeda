import type { Load } from "../../protocol/protocol";
import { Button } from "../controls/Button";
import { memo } from "../controls/memo";
import { useWords } from "../text/words";
import { LoadLine } from "./LoadLine";

interface Props {
  load: Load;
  /** The host's clock, Unix seconds. */
  now: () => number;
  inert: boolean;
  tabbable: boolean;
  cancelling: boolean;
  onCancel(load: Load): void;
}

/** A load in progress: how far it is, how long it takes, and the way to call it off. */
export const LoadRow = memo((props: Props) => {
  const { load, now, inert, tabbable, cancelling, onCancel } = props;
  const { strings } = useWords();
  const name = load.identifier ?? load.model_key;
  return (
    <li class="lms-Row" data-key={load.load_id}>
      <LoadLine load={load} now={now} cancelling={cancelling}>
        <span class="lms-Row-actions">
          <Button
            label={strings.cancelNamed(name)}
            disabled={inert || cancelling}
            stop
            tabIndex={tabbable ? 0 : -1}
            onClick={() => onCancel(load)}
          >
            {strings.cancel}
          </Button>
        </span>
      </LoadLine>
    </li>
  );
});
