import { Button } from "../controls/Button";
import { useWords } from "../text/words";

interface Props {
  /** It is being started. */
  waking: boolean;
  disabled: boolean;
  onWake(): void;
}

/** Offers to start the LM Studio that is installed and does not run. */
export function WakeStudio({ waking, disabled, onWake }: Props) {
  const { strings } = useWords();
  return (
    <Button look="accent" disabled={disabled || waking} onClick={onWake}>
      {waking ? strings.studioWaking : strings.studioWake}
    </Button>
  );
}
