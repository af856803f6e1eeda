import { useEffect, useRef } from "preact/hooks";
import { Button } from "../controls/Button";
import { FactList } from "../controls/FactList";
import { usePlace } from "../controls/place";
import { useDetailWords } from "../text/detailWords";

export interface KeyHelpProps {
  onClose(): void;
}

/** Which keys there are. */
export function KeyHelp({ onClose }: KeyHelpProps) {
  const { strings } = useDetailWords();
  const { surface } = usePlace();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.querySelector<HTMLElement>("button")?.focus(), []);
  return (
    <div
      ref={box}
      class="lms-KeyHelp"
      role="dialog"
      aria-label={strings.keyboard}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onClose();
      }}
    >
      <FactList facts={Object.entries(strings.keys)} />
      {surface === "sidebar" && <p>{strings.labKeys}</p>}
      <Button onClick={onClose}>{strings.close}</Button>
    </div>
  );
}
