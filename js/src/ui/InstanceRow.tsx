import { useState } from "preact/hooks";
import type { Command, Instance, Problem } from "../protocol/protocol";
import type { Pending } from "../store/pending";
import { Button } from "./Button";
import { activityOf, differencesOf, instanceFacts } from "./facts";
import { Icon } from "./Icon";
import { InstanceDetails } from "./InstanceDetails";
import { memo } from "./memo";
import { Name } from "./Name";
import { Refusal } from "./Refusal";
import { TimeLeft } from "./TimeLeft";
import { useWords } from "./words";

interface Props {
  instance: Instance;
  now: () => number;
  stale: boolean;
  /** Nobody at the other end could do what is asked. */
  inert: boolean;
  tabbable: boolean;
  selected: boolean;
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
  const facts = instanceFacts(instance, words).join(" · ");
  const differing = differencesOf(instance, words);
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
      <div class="lms-Row-line lms-InstanceRow">
        <TimeLeft instance={instance} now={now} stale={stale} />
        <Name title={`${identifier}\n${instance.model_key}\n${instance.path}`}>{identifier}</Name>
        <span class="lms-Row-facts" title={[...differing, facts].join("\n")}>
          {differing[0] && (
            <span class="lms-Badge">
              <Icon name="warning" />
              {differing[0]}
              {differing.length > 1 && ` +${differing.length - 1}`}
            </span>
          )}
          {facts}
        </span>
        <span class="lms-Row-state">
          {unloading ? strings.unloading : activityOf(instance, words)}
        </span>
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
            title={strings.unload}
            disabled={inert || unloading !== undefined}
            stop
            tabIndex={tabIndex}
            onClick={unload}
          >
            <Icon name="eject" />
          </Button>
        </span>
      </div>
      {refusal && <Refusal problem={refusal} onDismiss={() => props.onForgive(instance)} />}
      {open && <InstanceDetails {...props} />}
    </li>
  );
});
