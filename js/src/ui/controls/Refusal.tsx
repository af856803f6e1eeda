import type { Problem } from "../../protocol/protocol";
import { titleOf, useWords } from "../text/words";
import { Button } from "./Button";
import { Icon } from "./Icon";

interface Props {
  problem: Problem;
  /** Does again what failed, if that was asked for here; it is dismissed then. */
  onRetry?: (() => void) | undefined;
  /** Takes it away; without it, it goes with what it stands under. */
  onDismiss?(): void;
}

/** Why something was not done, and what helps: where the click was, or on top of the panel. */
export function Refusal({ problem, onRetry, onDismiss }: Props) {
  const { strings } = useWords();
  const title = titleOf(problem, strings);
  return (
    <div class="lms-Refusal" role="alert">
      <Icon name="error" />
      <div class="lms-Refusal-text">
        <span dir="auto">{title}</span>
        {problem.hint && (
          <span class="lms-Refusal-hint" dir="auto">
            {problem.hint}
          </span>
        )}
      </div>
      {onRetry && (
        <Button
          label={strings.retryNamed(problem.model_key ?? "")}
          onClick={() => {
            onDismiss?.();
            onRetry();
          }}
        >
          {strings.retry}
        </Button>
      )}
      {onDismiss && (
        <Button
          look="icon"
          label={strings.dismissNamed(title)}
          title={strings.dismiss}
          onClick={onDismiss}
        >
          <Icon name="close" />
        </Button>
      )}
    </div>
  );
}
