import type { ComponentChild } from "preact";
import type { HostInfo } from "../../protocol/protocol";
import { StillIcon, type StillIconName } from "../controls/StillIcon";
import { useStillWords } from "../text/stillWords";

interface Props {
  host: HostInfo;
  /** How we stand with it: not as it says itself when nobody answers. */
  link: HostInfo["link"];
  children?: ComponentChild;
}

/** Which host this is, and how we stand with it, on one line. */
export function HostLine({ host, link, children }: Props) {
  return (
    <div class="lms-HostBar-line">
      <LinkMark link={link} />
      <span class="lms-HostBar-name" title={host.address}>
        {host.given_name ?? host.name} {host.version}
      </span>
      <span class="lms-HostBar-address" dir="ltr">
        {host.address}
      </span>
      {children}
    </div>
  );
}

const MARKS: Record<HostInfo["link"], StillIconName> = {
  connected: "check",
  connecting: "hourglass",
  lost: "offline",
};

/** Colour, shape and a word: no one of them is needed to read the others. */
function LinkMark({ link }: { link: HostInfo["link"] }) {
  const { strings } = useStillWords();
  return (
    <span class="lms-LinkMark" role="img" aria-label={strings[link]} title={strings[link]}>
      <StillIcon name={MARKS[link]} />
    </span>
  );
}
