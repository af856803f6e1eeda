import type { Store } from "../store/store";
import { Refusal } from "./Refusal";
import { useStore } from "./useStore";

interface Props {
  store: Store;
  /** Nobody at the other end could do what is asked. */
  inert: boolean;
}

/** What failed, until somebody has read it, with the way to try again. */
export function Problems({ store, inert }: Props) {
  const { activity, refusals } = useStore(store);
  const refused = refusals.get("refresh");
  return (
    <>
      {refused && <Refusal problem={refused} onDismiss={() => store.forgive("refresh")} />}
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
