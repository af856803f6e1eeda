import { useState } from "preact/hooks";
import type { Command, Instance, Problem } from "../protocol/protocol";
import type { Pending } from "../store/pending";
import { Button } from "./Button";
import { Icon } from "./Icon";
import { InstanceDetails } from "./InstanceDetails";
import { InstanceLine } from "./InstanceLine";
import { memo } from "./memo";
import { unloadTitle } from "./moreFacts";
import { Refusal } from "./Refusal";
import { useWords } from "./words";

interface Props {
  instance: Instance;
  now: () => number;
  stale: boolean;
  /** Nobody at the other end could do what is asked. */
  inert: boolean;
  tabbable: boolean;
  selected: boolean;
  hostName: string;
  canSetTtl: boolean;
  canPin: boolean;
  unloading: Pending["phase"] | undefined;
  refusal: Problem | undefined;
  onUnload(instance: Instance): void;
  onSend(command: Command): void;
  onForgive(instance: Instance): void;
  onSelect: ((identifier: string) => void) | undefined;
}

/** One loaded instance: its time left, its name, what it is doing, and the way to unload it. */
export const InstanceRow = memo((props: Props) => {
  const { instance, now, stale, inert, tabbable, selected, unloading, refusal, onSelect } = props;
  const { identifier, status } = instance;
  const words = useWords();
  const { strings } = words;
  const [open, setOpen] = useState(false);
  const tabIndex = tabbable ? 0 : -1;
  const unload = () => props.onUnload(instance);
  return (
    <li
      class="lms-Row"
      data-key={identifier}
      data-status={status}
      aria-current={selected || undefined}
      onFocusIn={() => onSelect?.(identifier)}
      onClick={() => onSelect?.(identifier)}
      onKeyDown={(event) => {
        if (event.key === "Delete" && !inert && !unloading) unload();
        if (event.key !== "Escape" || !open) return;
        event.currentTarget.querySelector<HTMLElement>("[data-stop][aria-expanded]")?.focus();
        setOpen(false);
      }}
    >
      <InstanceLine instance={instance} now={now} stale={stale} unloading={unloading !== undefined}>
        <span class="lms-Row-actions">
          <Button
            look="icon"
            label={strings.more(identifier)}
            expanded={open}
            stop
            tabIndex={tabIndex}
            onClick={() => setOpen(!open)}
          >
            <Icon name="more" />
          </Button>
          <Button
            look="icon"
            label={strings.unloadNamed(identifier)}
            title={unloadTitle(instance, words)}
            disabled={inert || unloading !== undefined}
            stop
            tabIndex={tabIndex}
            onClick={unload}
          >
            <Icon name="eject" />
          </Button>
        </span>
      </InstanceLine>
      {refusal && <Refusal problem={refusal} onDismiss={() => props.onForgive(instance)} />}
      {open && <InstanceDetails {...props} />}
    </li>
  );
});
