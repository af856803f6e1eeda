import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../../protocol/protocol";
import { useWords } from "../text/words";
import { usePlace } from "./place";
import { Refusal } from "./Refusal";

/** What came with its first use, on this page. */
const here = new Map<string, FunctionComponent<never>>();

/** It did not come; what asked for it can be closed and opened again. */
const MISSING: Problem = {
  code: "no_answer",
  title: "",
  hint: "",
  problem_id: "",
  model_key: null,
};

/** Have the part that comes with its first use fetched, so that it is there by the next click. */
export function useSoon(): () => void {
  const { details } = usePlace();
  return () => void details?.().then(keep, () => {});
}

function keep(parts: object): void {
  for (const [name, part] of Object.entries(parts)) here.set(name, part);
}

/**
 * A component that is not in the panel's own script, but in the part that comes with its first use.
 *
 * Until that is here, a line in its place says so.
 */
export function later<Props extends object>(name: string): FunctionComponent<Props> {
  return (props) => {
    const { strings } = useWords();
    const { details } = usePlace();
    const [isMissing, setMissing] = useState(false);
    const [, setArrived] = useState(here.has(name));
    useEffect(() => {
      let wanted = true;
      const tell = (answer: () => void) => wanted && answer();
      if (!here.has(name))
        void details?.().then(
          (parts) => {
            keep(parts);
            tell(() => setArrived(true));
          },
          () => tell(() => setMissing(true)),
        );
      return () => {
        wanted = false;
      };
    }, []);
    const Inner = here.get(name) as FunctionComponent<Props> | undefined;
    if (Inner) return <Inner {...props} />;
    if (isMissing) return <Refusal problem={MISSING} />;
    return (
      <p class="lms-Later" role="status">
        {strings.opening}
      </p>
    );
  };
}
