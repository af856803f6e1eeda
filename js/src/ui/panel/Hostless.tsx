import { Button } from "../controls/Button";
import { Icon } from "../controls/Icon";
import { usePlace } from "../controls/place";
import { useWords } from "../text/words";
import { EngineStart } from "./EngineStart";

interface Props {
  /** Nobody is there who could look. */
  absent: boolean;
  onRefresh(): void;
}

/** What is shown where no host was ever found: how to get one. */
export function Hostless({ absent, onRefresh }: Props) {
  const { strings } = useWords();
  const offer = usePlace().engine?.() ?? null;
  return (
    <div class="lms-Empty lms-Empty-host">
      <p>{strings.noHost}</p>
      <p>{strings.noHostHint}</p>
      {offer ? (
        <EngineStart offer={offer} onStarted={onRefresh} />
      ) : (
        <code>lms-jupyter engine</code>
      )}
      <Button look={offer ? "plain" : "accent"} disabled={absent} onClick={onRefresh}>
        <Icon name="refresh" />
        {strings.refresh}
      </Button>
    </div>
  );
}
