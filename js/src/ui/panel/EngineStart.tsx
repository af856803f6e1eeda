import { useState } from "preact/hooks";
import type { Problem } from "../../protocol/protocol";
import { Button } from "../controls/Button";
import type { EngineOffer } from "../controls/place";
import { Refusal } from "../controls/Refusal";
import { useWords } from "../text/words";

interface Props {
  offer: EngineOffer;
  /** Plain where something else is offered first. */
  look: "accent" | "plain";
  onStarted(): void;
}

/** Offers to start the built-in engine, and says before what that costs. */
export function EngineStart({ offer, look, onStarted }: Props) {
  const { strings } = useWords();
  const [starting, setStarting] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  if (offer.missing.length > 0) {
    return (
      <>
        <p>{strings.engineMissing(offer.missing.join(", "))}</p>
        <code>pip install 'lms-jupyter[engine]'</code>
      </>
    );
  }
  async function start(): Promise<void> {
    setProblem(null);
    setStarting(true);
    const refused = await offer.start();
    setStarting(false);
    setProblem(refused);
    if (refused === null) onStarted();
  }
  return (
    <>
      <Button look={look} disabled={starting} onClick={() => void start()}>
        {starting ? strings.engineStarting : strings.engineStart}
      </Button>
      <p class="lms-EngineStart-cost">{strings.engineCost}</p>
      {problem && <Refusal problem={problem} onDismiss={() => setProblem(null)} />}
    </>
  );
}
