import type { ComponentChild } from "preact";
import type { Load } from "../../protocol/protocol";
import { Names } from "../controls/Name";
import { duration, loadLeft } from "../text/format";
import { useStillWords } from "../text/stillWords";

interface Props {
  load: Load;
  /** The host's clock, Unix seconds. */
  now: () => number;
  cancelling: boolean;
  children?: ComponentChild;
}

/** How far a load is and how long it takes. */
export function LoadLine({ load, now, cancelling, children }: Props) {
  const { strings, format } = useStillWords();
  const name = load.identifier ?? load.model_key;
  const left = loadLeft(load.fraction, now() - load.started_at);
  const share = format.percent(load.fraction);
  return (
    <div class="lms-Row-line lms-LoadRow">
      <progress max={1} value={load.fraction} aria-label={strings.loadingNamed(name)} />
      <Names name={name} model_key={load.model_key} title={load.model_key} />
      <span class="lms-Row-facts">
        {cancelling ? strings.cancelling : strings.loadingShare(share)}
        {!cancelling && left !== null && ` · ${strings.aboutLeft(duration(left))}`}
      </span>
      {children}
    </div>
  );
}
