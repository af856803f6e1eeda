import type { ComponentChild } from "preact";
import type { Instance } from "../protocol/protocol";
import { activityOf, differencesOf, instanceFacts } from "./facts";
import { Name } from "./Name";
import { StillIcon } from "./StillIcon";
import { useStillWords } from "./stillWords";
import { TimeLeft } from "./TimeLeft";

interface Props {
  instance: Instance;
  now: () => number;
  stale: boolean;
  unloading?: boolean;
  children?: ComponentChild;
}

/** One loaded instance: its time left, its name, what it is and what it is doing. */
export function InstanceLine({ instance, now, stale, unloading, children }: Props) {
  const words = useStillWords();
  const { identifier, model_key, path, users } = instance;
  const facts = instanceFacts(instance, words).join(" · ");
  const differing = differencesOf(instance, words);
  return (
    <div class="lms-Row-line lms-InstanceRow">
      <TimeLeft instance={instance} now={now} stale={stale} />
      <Name title={`${identifier}\n${model_key}\n${path}`}>{identifier}</Name>
      <span class="lms-Row-facts" title={[...differing, facts, ...users].join("\n")}>
        {differing[0] && (
          <span class="lms-Badge">
            <StillIcon name="warning" />
            {differing[0]}
            {differing.length > 1 && ` +${differing.length - 1}`}
          </span>
        )}
        {facts}
      </span>
      <span class="lms-Row-state">
        {unloading ? words.strings.unloading : activityOf(instance, words)}
      </span>
      {children}
    </div>
  );
}
