import { useRef, useState } from "preact/hooks";
import type { Command, GpuMemory, Instance, Problem } from "../../protocol/protocol";
import { isMissed } from "../../store/missed";
import { withDevice } from "../../store/named";
import type { Pending } from "../../store/pending";
import { Button } from "../controls/Button";
import { Confirm } from "../controls/Confirm";
import { Icon } from "../controls/Icon";
import { later } from "../controls/later";
import { memo } from "../controls/memo";
import { Refusal } from "../controls/Refusal";
import { peopleOf, unloadQuestion, unloadTitle } from "../text/moreFacts";
import { useWords } from "../text/words";
import type { DetailsProps } from "./InstanceDetails";
import { InstanceLine } from "./InstanceLine";

const InstanceDetails = later<DetailsProps>("InstanceDetails");

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
  /** It is one of several that are selected together. */
  marked: boolean;
  hostName: string;
  address: string;
  gpus: readonly GpuMemory[];
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
  const { instance, inert, selected, unloading, refusal } = props;
  const { identifier, instance_reference } = instance;
  const [open, setOpen] = useState(false);
  const row = useRef<HTMLLIElement>(null);
  const [asking, setAsking] = useState(false);
  const unload = () => {
    setAsking(false);
    props.onUnload(instance);
  };
  const ask = () => (isMissed(instance) ? setAsking(true) : unload());
  const select = () => props.onSelect(instance);
  return (
    <li
      ref={row}
      class="lms-Row"
      data-key={instance_reference}
      data-name={identifier}
      data-marked={props.marked || undefined}
      aria-current={selected || undefined}
      onFocusIn={select}
      onClick={select}
      onKeyDown={(event) => {
        if (event.key === "Delete" && !inert && !unloading) ask();
        if (event.key !== "Escape" || !open) return;
        event.currentTarget.querySelector<HTMLElement>("[data-stop][aria-expanded]")?.focus();
        setOpen(false);
      }}
    >
      <ActiveLine {...props} open={open} onOpen={setOpen} onAsk={ask} />
      {asking && (
        <AskFirst
          {...props}
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

interface LineProps extends Props {
  open: boolean;
  onOpen(open: boolean): void;
  /** Somebody wants it unloaded. */
  onAsk(): void;
}

/** The line of an instance, with its two buttons. */
function ActiveLine(props: LineProps) {
  const { instance, device, now, stale, inert, tabbable, unloading, open, onOpen, onAsk } = props;
  const words = useWords();
  const { strings } = words;
  const name = withDevice(instance.identifier, device);
  const tabIndex = tabbable ? 0 : -1;
  return (
    <InstanceLine
      {...{ instance, device, now, stale }}
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
          onClick={() => onOpen(!open)}
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
          onClick={onAsk}
        >
          <Icon name="eject" />
        </Button>
      </span>
    </InstanceLine>
  );
}

/** Somebody would miss it: whether it is to be unloaded nevertheless. */
function AskFirst(props: Props & { onYes(): void; onNo(): void }) {
  const { instance, device, inert, unloading, onYes, onNo } = props;
  const words = useWords();
  return (
    <Confirm
      question={unloadQuestion(withDevice(instance.identifier, device), instance, words)}
      yes={words.strings.unload}
      inert={inert || unloading !== undefined}
      onYes={onYes}
      onNo={onNo}
    />
  );
}
