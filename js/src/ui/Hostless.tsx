import { Button } from "./Button";
import { EngineStart } from "./EngineStart";
import { Icon } from "./Icon";
import { usePlace } from "./place";
import { useWords } from "./words";

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
