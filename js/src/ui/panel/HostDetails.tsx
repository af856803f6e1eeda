import { useEffect, useState } from "preact/hooks";
import type { GpuMemory, HostInfo, Problem, Reply } from "../../protocol/protocol";
import { Button } from "../controls/Button";
import { FactList } from "../controls/FactList";
import { Refusal } from "../controls/Refusal";
import { useDetailWords } from "../text/detailWords";

export interface HostDetailsProps {
  host: HostInfo;
  /** Those of its machine, as far as it tells. */
  gpus: readonly GpuMemory[];
  /** Nobody at the other end could do what is asked. */
  inert: boolean;
  switching: boolean;
  refusal: Problem | undefined;
  onList(): Promise<Reply>;
  onSwitch(address: string): void;
  onForgive(): void;
}

/** What opens under the host bar: who this is, since when, and which others there are. */
export function HostDetails(props: HostDetailsProps) {
  const { host, gpus, inert, switching, refusal, onList, onSwitch, onForgive } = props;
  const { strings, format } = useDetailWords();
  const [reply, setReply] = useState<Reply | null>(null);
  useEffect(() => {
    let wanted = true;
    if (!inert) void onList().then((answer) => wanted && setReply(answer));
    return () => {
      wanted = false;
    };
  }, [host.address, inert]);
  const since = host.link_since === null ? null : format.time(host.link_since);
  const facts: [string, string | null][] = [
    [strings.address, host.address],
    [strings.version, [host.given_name && host.name, host.version].filter(Boolean).join(" ")],
    [host.link === "lost" ? strings.lostSince : strings.since, since],
  ];
  facts.push([strings.keyboard, strings.keyboardHint]);
  gpus.forEach(({ name }, place) => {
    facts.push([gpus.length > 1 ? `GPU ${place}` : "GPU", name]);
  });
  const others = reply?.kind === "hosts" ? reply.hosts : [];
  const idle = reply?.kind === "hosts" ? reply.idle_gpu : null;
  return (
    <div class="lms-HostDetails">
      <FactList facts={facts} />
      {idle && (
        <p class="lms-HostDetails-idle" role="note">
          {idle.says} <span>{idle.advice}</span>
        </p>
      )}
      {others.length > 1 && (
        <ul class="lms-HostDetails-others" aria-label={strings.otherHosts}>
          {others
            .filter(({ address }) => address !== host.address)
            .map(({ address, name, version, given_name }) => (
              <li key={address}>
                <span>
                  {given_name} {name} {version}
                </span>
                <span dir="ltr">{address}</span>
                <Button
                  label={strings.switchNamed(`${given_name ?? name} ${address}`)}
                  disabled={inert || switching}
                  onClick={() => onSwitch(address)}
                >
                  {strings.switchHost}
                </Button>
              </li>
            ))}
        </ul>
      )}
      {refusal && <Refusal problem={refusal} onDismiss={onForgive} />}
    </div>
  );
}
