import { isShownOnTop } from "../../store/pending";
import type { Store } from "../../store/store";
import { Refusal } from "../controls/Refusal";
import { useStore } from "../controls/useStore";

interface Props {
  store: Store;
  /** Nobody at the other end could do what is asked. */
  inert: boolean;
}

/** What failed, until somebody has read it, with the way to try again. */
export function Problems({ store, inert }: Props) {
  const { activity, refusals } = useStore(store);
  const refused = [...refusals].filter(([name]) => isShownOnTop(name));
  return (
    <>
      {refused.map(([name, problem]) => (
        <Refusal key={name} problem={problem} onDismiss={() => store.forgive(name)} />
      ))}
      {activity?.problems.map((problem) => {
        const { problem_id, model_key } = problem;
        const again = inert ? undefined : store.lastLoad(model_key);
        return (
          <Refusal
            key={problem_id}
            problem={problem}
            onRetry={again && (() => void store.send(again))}
            onDismiss={() => void store.send({ kind: "dismiss", problem_id })}
          />
        );
      })}
    </>
  );
}
