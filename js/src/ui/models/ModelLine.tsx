import type { ComponentChild } from "preact";
import type { Model } from "../../protocol/protocol";
import { Facts } from "../controls/Facts";
import { Name } from "../controls/Name";
import { StillIcon } from "../controls/StillIcon";
import { modelFacts, present } from "../text/facts";
import { useStillWords } from "../text/stillWords";

interface Props {
  model: Model;
  /** How many instances of it are in memory. */
  loaded: number;
  children?: ComponentChild;
}

/** One downloaded model: what it is, and whether it is in memory. */
export function ModelLine({ model, loaded, children }: Props) {
  const words = useStillWords();
  const { display_name, model_key, path } = model;
  const facts = modelFacts(model, words);
  return (
    <div class="lms-Row-line lms-ModelRow">
      <Name title={`${display_name}\n${model_key}\n${path}`}>{model_key}</Name>
      <span class="lms-Row-facts" title={present(facts).join(" · ")}>
        <Facts facts={facts} />
      </span>
      <span class="lms-Row-state">
        {loaded > 0 && (
          <>
            <StillIcon name="check" />
            {words.strings.loaded(loaded)}
          </>
        )}
      </span>
      {children}
    </div>
  );
}
