import { useState } from "preact/hooks";
import type { HostInfo } from "../protocol/protocol";
import { Button } from "./Button";
import { FactList } from "./FactList";
import { Icon, type IconName } from "./Icon";
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

/** Which host this is, and how we stand with it. */
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
      <div class="lms-HostBar-line">
        <LinkMark link={link} />
        <span class="lms-HostBar-name" title={host.address}>
          {host.name} {host.version}
        </span>
        <span class="lms-HostBar-address" dir="ltr">
          {host.address}
        </span>
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
      </div>
      {open && <FactList facts={facts} />}
    </header>
  );
}

const MARKS: Record<HostInfo["link"], IconName> = {
  connected: "check",
  connecting: "hourglass",
  lost: "offline",
};

/** Colour, shape and a word: no one of them is needed to read the others. */
function LinkMark({ link }: { link: HostInfo["link"] }) {
  const { strings } = useWords();
  return (
    <span class="lms-LinkMark" role="img" aria-label={strings[link]} title={strings[link]}>
      <Icon name={MARKS[link]} />
    </span>
  );
}
