import { useState } from "preact/hooks";
import type { Command, HostInfo } from "../../protocol/protocol";
import { subject, switchSubject } from "../../store/pending";
import type { Store } from "../../store/store";
import { Button } from "../controls/Button";
import { Icon } from "../controls/Icon";
import { later } from "../controls/later";
import { useStore } from "../controls/useStore";
import { useWords } from "../text/words";
import type { HostDetailsProps } from "./HostDetails";
import { HostLine } from "./HostLine";

const HostDetails = later<HostDetailsProps>("HostDetails");

interface Props {
  store: Store;
  host: HostInfo;
  /** How we stand with it: not as it says itself when nobody answers. */
  link: HostInfo["link"];
  /** Nobody answers: what is shown is a snapshot. */
  absent: boolean;
}

const REFRESH: Command = { kind: "refresh" };

/** Which host this is, how we stand with it, and the ways to look again and to another. */
export function HostBar({ store, host, link, absent }: Props) {
  const { strings } = useWords();
  const { activity, pending, refusals } = useStore(store);
  const [open, setOpen] = useState(false);
  const switching = switchSubject();
  return (
    <header class="lms-HostBar">
      <HostLine host={host} link={link}>
        <Button
          look="icon"
          label={strings.hostDetails}
          expanded={open}
          onClick={() => setOpen(!open)}
        >
          <Icon name="chevron" />
        </Button>
        <span class="lms-HostBar-gap" />
        <Button
          look="icon"
          label={strings.refresh}
          disabled={absent || pending.has(subject(REFRESH))}
          onClick={() => void store.send(REFRESH)}
        >
          <Icon name="refresh" />
        </Button>
      </HostLine>
      {open && (
        <HostDetails
          host={{ ...host, link }}
          gpus={activity?.memory?.gpus ?? []}
          inert={absent}
          switching={pending.has(switching)}
          refusal={refusals.get(switching)}
          onList={() => store.ask({ kind: "list_hosts" })}
          onSwitch={(address) => void store.send({ kind: "switch_host", address })}
          onForgive={() => store.forgive(switching)}
        />
      )}
    </header>
  );
}
