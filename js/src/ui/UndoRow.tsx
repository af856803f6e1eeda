import { useEffect, useRef } from "preact/hooks";
import type { Instance } from "../protocol/protocol";
import { Button } from "./Button";
import { Icon } from "./Icon";
import { Name } from "./Name";
import { useWords } from "./words";

/** How long an unloaded instance can be called back: only time in which somebody could counts. */
export const UNDO_MS = 6000;

interface Props {
  instance: Instance;
  /** Nobody at the other end could do what is asked. */
  inert: boolean;
  tabbable: boolean;
  onUndo(instance: Instance): void;
  onOver(instance: Instance): void;
}

/** Takes the place of an instance that was unloaded here, so that nothing jumps. */
export function UndoRow({ instance, inert, tabbable, onUndo, onOver }: Props) {
  const { strings } = useWords();
  const over = useRef(onOver);
  over.current = onOver;
  useEffect(() => {
    if (inert) return;
    const timer = setTimeout(() => over.current(instance), UNDO_MS);
    return () => clearTimeout(timer);
  }, [instance, inert]);
  return (
    <li class="lms-Row" data-key={instance.identifier}>
      <div class="lms-Row-line lms-UndoRow" role="status">
        <Icon name="eject" />
        <Name>{instance.identifier}</Name>
        <span class="lms-Row-facts">{strings.unloaded}</span>
        <span class="lms-Row-actions">
          <Button
            label={strings.undoNamed(instance.identifier)}
            disabled={inert}
            stop
            tabIndex={tabbable ? 0 : -1}
            onClick={() => onUndo(instance)}
          >
            {strings.undo}
          </Button>
        </span>
      </div>
    </li>
  );
}
