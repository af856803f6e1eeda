import { useState } from "preact/hooks";
import type { HostInfo } from "../protocol/protocol";
import { Button } from "./Button";
import { FactList } from "./FactList";
import { HostLine } from "./HostLine";
import { Icon } from "./Icon";
import { useWords } from "./words";

interface Props {
  host: HostInfo;
  /** How we stand with it: not as it says itself when nobody answers. */
  link: HostInfo["link"];
  /** Nobody answers: what is shown is a snapshot. */
  absent: boolean;
  refreshing: boolean;
  onRefresh(): void;
}

/** Which host this is, how we stand with it, and the way to look again. */
export function HostBar({ host, link, absent, refreshing, onRefresh }: Props) {
  const { strings, format } = useWords();
  const [open, setOpen] = useState(false);
  const facts: [string, string | null][] = [
    [strings.address, host.address],
    [strings.version, host.version],
    [strings.since, host.link_since === null ? null : format.time(host.link_since)],
  ];
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
          disabled={absent || refreshing}
          onClick={onRefresh}
        >
          <Icon name="refresh" />
        </Button>
      </HostLine>
      {open && <FactList facts={facts} />}
    </header>
  );
}
