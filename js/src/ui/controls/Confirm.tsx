import { useEffect, useRef } from "preact/hooks";
import { useWords } from "../text/words";
import { Button } from "./Button";
import { Icon } from "./Icon";

interface Props {
  /** What would happen, and to whom. */
  question: string;
  /** The button that does it. */
  yes: string;
  /** Nobody at the other end could do what is asked. */
  inert: boolean;
  onYes(): void;
  onNo(): void;
}

/** Asks before something is done that others would notice: in its place, with the keyboard on no. */
export function Confirm({ question, yes, inert, onYes, onNo }: Props) {
  const { strings } = useWords();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.querySelector<HTMLElement>("button")?.focus(), []);
  return (
    <div
      ref={box}
      class="lms-Confirm"
      role="alertdialog"
      aria-label={question}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onNo();
      }}
    >
      <Icon name="warning" />
      <span class="lms-Confirm-text" dir="auto">
        {question}
      </span>
      <span class="lms-Confirm-actions">
        <Button onClick={onNo}>{strings.cancel}</Button>
        <Button look="accent" disabled={inert} onClick={onYes}>
          {yes}
        </Button>
      </span>
    </div>
  );
}
