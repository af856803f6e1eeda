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
  // What was clicked there is gone by now, or is no row: it is said on top.
  const refused = [...refusals].filter(([name]) => /^(refresh$|load_again:)/.test(name));
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
