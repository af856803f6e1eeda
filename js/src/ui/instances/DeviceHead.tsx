import { RetryIn } from "../controls/RetryIn";
import { useWords } from "../text/words";

interface Props {
  /** What people call the machine. */
  name: string;
  /** It is not on the host's LM Link now. */
  away: boolean;
  /** When the host tries its link again. */
  back_at: number | null;
  now: () => number;
}

/** Which machine the rows below are on, and whether it is there. */
export function DeviceHead({ name, away, back_at, now }: Props) {
  const { strings } = useWords();
  return (
    <h4 class="lms-DeviceHead">
      <span dir="auto">{name}</span>
      {away && <span>{strings.disconnected}</span>}
      {away && back_at !== null && <RetryIn retry_at={back_at} now={now} />}
    </h4>
  );
}
