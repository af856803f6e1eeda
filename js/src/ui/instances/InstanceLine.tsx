import type { ComponentChild } from "preact";
import type { Instance } from "../../protocol/protocol";
import { Facts } from "../controls/Facts";
import { Names } from "../controls/Name";
import { StillIcon } from "../controls/StillIcon";
import { activityOf, differencesOf, instanceFacts, present } from "../text/facts";
import { useStillWords } from "../text/stillWords";
import { TimeLeft } from "./TimeLeft";

interface Props {
  instance: Instance;
  /** Where it is, if that tells it from another. */
  device: string | null;
  now: () => number;
  stale: boolean;
  unloading?: boolean;
  /** What else there is to say where one points at its facts. */
  more?: readonly string[];
  children?: ComponentChild;
}

/** One loaded instance: its time left, its name, what it is and what it is doing. */
export function InstanceLine({
  instance,
  device,
  now,
  stale,
  unloading,
  more = [],
  children,
}: Props) {
  const words = useStillWords();
  const { identifier, model_key, path } = instance;
  const { strings } = words;
  const facts = instanceFacts(instance, words);
  const differing = differencesOf(instance, words);
  return (
    <div class="lms-Row-line lms-InstanceRow" data-status={instance.status}>
      <TimeLeft instance={instance} now={now} stale={stale} />
      <Names
        name={identifier}
        model_key={model_key}
        device={device}
        title={`${identifier}\n${model_key}\n${path}`}
      />
      <span
        class="lms-Row-facts"
        title={[...differing, present(facts).join(" · "), ...more].join("\n")}
      >
        {differing[0] && (
          <b class="lms-Badge">
            <StillIcon name="warning" />
            {differing[0]}
            {differing.length > 1 && ` +${differing.length - 1}`}
          </b>
        )}
        <Facts facts={facts} />
      </span>
      <span class="lms-Row-state">
        {unloading ? strings.unloading : activityOf(instance, words)}
      </span>
      {children}
    </div>
  );
}
