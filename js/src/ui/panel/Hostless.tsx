import { Button } from "../controls/Button";
import { Icon } from "../controls/Icon";
import { usePlace } from "../controls/place";
import { useWords } from "../text/words";
import { EngineStart } from "./EngineStart";
import { WakeStudio } from "./WakeStudio";

interface Props {
  /** Nobody is there who could look. */
  absent: boolean;
  /** LM Studio is installed and does not run. */
  asleep: boolean;
  /** It is being started. */
  waking: boolean;
  onRefresh(): void;
  onWake(): void;
}

/** What is shown where no host was ever found: how to get one. */
export function Hostless({ absent, asleep, waking, onRefresh, onWake }: Props) {
  const { strings } = useWords();
  const offer = usePlace().engine?.() ?? null;
  return (
    <div class="lms-Empty lms-Empty-host">
      <p>{asleep ? strings.studioAsleep : strings.noHost}</p>
      {asleep && <WakeStudio waking={waking} disabled={absent} onWake={onWake} />}
      <p>{asleep ? strings.orEngine : strings.noHostHint}</p>
      {offer ? (
        <EngineStart offer={offer} look={asleep ? "plain" : "accent"} onStarted={onRefresh} />
      ) : (
        <code>lms-jupyter engine</code>
      )}
      <Button look={offer || asleep ? "plain" : "accent"} disabled={absent} onClick={onRefresh}>
        <Icon name="refresh" />
        {strings.refresh}
      </Button>
    </div>
  );
}
