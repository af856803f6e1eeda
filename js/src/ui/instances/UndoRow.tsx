import { useEffect, useRef } from "preact/hooks";
import type { Instance } from "../../protocol/protocol";
import { withDevice } from "../../store/named";
import { Button } from "../controls/Button";
import { Icon } from "../controls/Icon";
import { Name } from "../controls/Name";
import { useWords } from "../text/words";

/** How long an unloaded instance can be called back: only time in which somebody could counts. */
export const UNDO_MS = 6000;

interface Props {
  instance: Instance;
  /** Where it was, if that tells it from another. */
  device: string | null;
  /** Nobody at the other end could do what is asked. */
  inert: boolean;
  tabbable: boolean;
  onUndo(instance: Instance): void;
  onOver(instance: Instance): void;
}

/** Takes the place of an instance that was unloaded here, so that nothing jumps. */
export function UndoRow({ instance, device, inert, tabbable, onUndo, onOver }: Props) {
  const { strings } = useWords();
  const name = withDevice(instance.identifier, device);
  const over = useRef(onOver);
  over.current = onOver;
  useEffect(() => {
    if (inert) return;
    const timer = setTimeout(() => over.current(instance), UNDO_MS);
    return () => clearTimeout(timer);
  }, [instance, inert]);
  return (
    <li class="lms-Row" data-key={instance.instance_reference}>
      <div class="lms-Row-line lms-UndoRow" role="status">
        <Icon name="eject" />
        <Name>{name}</Name>
        <span class="lms-Row-facts">{strings.unloaded}</span>
        <span class="lms-Row-actions">
          <Button
            label={strings.undoNamed(name)}
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
