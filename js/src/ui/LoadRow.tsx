import type { Load } from "../protocol/protocol";
import { Button } from "./Button";
import { duration, loadLeft } from "./format";
import { memo } from "./memo";
import { Name } from "./Name";
import { useWords } from "./words";

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
  const { strings, format } = useWords();
  const name = load.identifier ?? load.model_key;
  const left = loadLeft(load.fraction, now() - load.started_at);
  const share = format.percent(load.fraction);
  return (
    <li class="lms-Row" data-key={load.load_id}>
      <div class="lms-Row-line lms-LoadRow">
        <progress max={1} value={load.fraction} aria-label={strings.loadingNamed(name)} />
        <Name title={load.model_key}>{name}</Name>
        <span class="lms-Row-facts">
          {cancelling ? strings.cancelling : strings.loadingShare(share)}
          {!cancelling && left !== null && ` · ${strings.aboutLeft(duration(left))}`}
        </span>
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
      </div>
    </li>
  );
});
