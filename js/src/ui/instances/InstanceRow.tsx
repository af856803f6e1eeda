import { useRef, useState } from "preact/hooks";
import type { Command, Instance, Problem } from "../../protocol/protocol";
import { isMissed } from "../../store/missed";
import { withDevice } from "../../store/named";
import type { Pending } from "../../store/pending";
import { Button } from "../controls/Button";
import { Confirm } from "../controls/Confirm";
import { Icon } from "../controls/Icon";
import { memo } from "../controls/memo";
import { Refusal } from "../controls/Refusal";
import { peopleOf, unloadQuestion, unloadTitle } from "../text/moreFacts";
import { useWords } from "../text/words";
import { InstanceDetails } from "./InstanceDetails";
import { InstanceLine } from "./InstanceLine";

interface Props {
  instance: Instance;
  /** Where it is, if that tells it from another. */
  device: string | null;
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
  /** A click on the pin, or for another TTL, has not had its effect yet. */
  pinning: boolean;
  retiming: boolean;
  refusal: Problem | undefined;
  onUnload(instance: Instance): void;
  onSend(command: Command): void;
  onForgive(instance: Instance): void;
  onSelect(instance: Instance): void;
}

/** One loaded instance: its time left, its name, what it is doing, and the way to unload it. */
export const InstanceRow = memo((props: Props) => {
  const { instance, now, stale, inert, tabbable, selected, unloading, refusal, device } = props;
  const { identifier, instance_reference } = instance;
  const name = withDevice(identifier, device);
  const words = useWords();
  const { strings } = words;
  const [open, setOpen] = useState(false);
  const tabIndex = tabbable ? 0 : -1;
  const row = useRef<HTMLLIElement>(null);
  const [asking, setAsking] = useState(false);
  const unload = () => {
    setAsking(false);
    props.onUnload(instance);
  };
  const ask = () => (isMissed(instance) ? setAsking(true) : unload());
  return (
    <li
      ref={row}
      class="lms-Row"
      data-key={instance_reference}
      data-name={identifier}
      aria-current={selected || undefined}
      onFocusIn={() => props.onSelect(instance)}
      onClick={() => props.onSelect(instance)}
      onKeyDown={(event) => {
        if (event.key === "Delete" && !inert && !unloading) ask();
        if (event.key !== "Escape" || !open) return;
        event.currentTarget.querySelector<HTMLElement>("[data-stop][aria-expanded]")?.focus();
        setOpen(false);
      }}
    >
      <InstanceLine
        instance={instance}
        device={device}
        now={now}
        stale={stale}
        unloading={unloading !== undefined}
        more={peopleOf(instance, words)}
      >
        <span class="lms-Row-actions">
          <Button
            look="icon"
            label={strings.more(name)}
            expanded={open}
            stop
            tabIndex={tabIndex}
            onClick={() => setOpen(!open)}
          >
            <Icon name="more" />
          </Button>
          <Button
            look="icon"
            label={strings.unloadNamed(name)}
            title={unloadTitle(instance, words)}
            disabled={inert || unloading !== undefined}
            stop
            tabIndex={tabIndex}
            onClick={ask}
          >
            <Icon name="eject" />
          </Button>
        </span>
      </InstanceLine>
      {asking && (
        <Confirm
          question={unloadQuestion(name, instance, words)}
          yes={strings.unload}
          inert={inert || unloading !== undefined}
          onYes={unload}
          onNo={() => {
            setAsking(false);
            row.current?.querySelector<HTMLElement>("[data-stop]:last-child")?.focus();
          }}
        />
      )}
      {refusal && <Refusal problem={refusal} onDismiss={() => props.onForgive(instance)} />}
      {open && <InstanceDetails {...props} />}
    </li>
  );
});
