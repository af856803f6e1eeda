import type { ComponentChildren } from "preact";
import type { Command, GpuMemory, Instance } from "../../protocol/protocol";
import { exactly } from "../../store/named";
import { Button } from "../controls/Button";
import { CopyButton } from "../controls/CopyButton";
import { FactList } from "../controls/FactList";
import { Icon } from "../controls/Icon";
import { usePlace } from "../controls/place";
import { Snippets } from "../controls/Snippets";
import { instanceLine } from "../text/code";
import { gpuSharesOf, ownerOf, waitingOf } from "../text/detailFacts";
import { useDetailWords } from "../text/detailWords";
import { differencesOf } from "../text/facts";
import { duration } from "../text/format";
import { keptOf, warmOf } from "../text/moreFacts";
import { InstanceHistory } from "./InstanceHistory";
import { LastMinute } from "./LastMinute";
import { Names, useNotebooks } from "./People";
import { TryPrompt } from "./TryPrompt";

export interface DetailsProps {
  instance: Instance;
  inert: boolean;
  /** A click on the pin, or for another TTL, has not had its effect yet. */
  pinning: boolean;
  retiming: boolean;
  hostName: string;
  /** Of the host. */
  address: string;
  /** Those of the host's machine, as far as it tells. */
  gpus: readonly GpuMemory[];
  canSetTtl: boolean;
  canPin: boolean;
  onSend(command: Command): void;
}

const TTLS_S = [300, 1800, 3600, null] as const;

/** What opens under an instance: the rest of what is known, and the rarer actions. */
export function InstanceDetails(props: DetailsProps) {
  const { instance, inert, hostName, gpus, canSetTtl, canPin, onSend } = props;
  const words = useDetailWords();
  const { strings, format } = words;
  const { use } = usePlace();
  const { identifier, pinned, ttl_s } = instance;
  const links = useNotebooks(instance);
  const owner = ownerOf(instance, words);
  const namesOf = (names: readonly string[]) => names[0] && <Names {...{ names, links }} />;
  const facts: [string, ComponentChildren][] = [
    [strings.model, instance.model_key],
    [strings.file, instance.path],
    [
      strings.context,
      strings.ofTokens(
        format.integer(instance.context_length),
        format.integer(instance.max_context_length),
      ),
    ],
    [strings.notAsAsked, differencesOf(instance, words).join(" · ")],
    [strings.memory, instance.memory_bytes === null ? null : format.bytes(instance.memory_bytes)],
    [strings.gpuMemory, gpuSharesOf(instance, gpus, words).join(" · ")],
    [strings.runtime, instance.runtime],
    [strings.prompts, warmOf(instance, words)],
    [strings.life, keptOf(instance, words)],
    [strings.fileSize, format.bytes(instance.size_bytes)],
    [strings.owner, namesOf(owner === null ? [] : [owner])],
    [strings.users, namesOf(instance.users)],
    [strings.queue, waitingOf(instance, words)],
    [strings.device, instance.device_name ?? instance.device],
  ];
  // Where a TTL cannot be changed, it is offered as what it really is: another load.
  const ttlKind = canSetTtl ? "set_ttl" : "reload";
  const ttlLabel = canSetTtl ? strings.ttl : strings.reloadFor;
  const ttlHint = canSetTtl ? undefined : strings.reloadHint(hostName);
  return (
    <div class="lms-Details">
      <FactList facts={facts} />
      <LastMinute instance={instance} />
      <InstanceHistory instance={instance} />
      <div class="lms-Details-actions lms-Details-copy">
        {use && (
          <Button onClick={() => use({ kind: "instance", name: identifier })}>
            <Icon name="use" />
            {strings.use}
          </Button>
        )}
        <CopyButton text={identifier}>{strings.copyIdentifier}</CopyButton>
        <CopyButton text={instanceLine(instance)}>{strings.copyLine}</CopyButton>
        <Snippets kind={instance.kind} name={identifier} address={props.address} />
        {canPin && (
          <Button
            disabled={inert || props.pinning}
            onClick={() => onSend({ kind: "pin", ...exactly(instance), pinned: !pinned })}
          >
            <Icon name="pin" />
            {pinned ? strings.unpin : strings.pin}
          </Button>
        )}
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out in one line everywhere. */}
      <div class="lms-Details-actions" role="group" aria-label={ttlLabel} title={ttlHint}>
        <span aria-hidden="true">{ttlLabel}</span>
        {TTLS_S.map((seconds) => (
          <Button
            key={seconds}
            pressed={seconds === ttl_s}
            disabled={inert || props.retiming}
            onClick={() => onSend({ kind: ttlKind, ...exactly(instance), ttl_s: seconds })}
          >
            {seconds === null ? strings.never : duration(seconds)}
          </Button>
        ))}
      </div>
      <TryPrompt {...{ instance, inert }} />
    </div>
  );
}
