import { useState } from "preact/hooks";
import { quiet } from "../controls/Button";
import { later } from "../controls/later";
import { useWords } from "../text/words";
import type { StripsProps } from "./TimelineStrips";

const TimelineStrips = later<StripsProps>("TimelineStrips");

/** Opens to what was in memory in the last minutes, and until when what is there will stay. */
export function Timeline(props: StripsProps) {
  const { strings } = useWords();
  const [open, setOpen] = useState(false);
  // What keeps a diary knows what was before this page.
  if (props.spans.length === 0 && !props.activity.host.features.includes("diary")) return null;
  return (
    <details class="lms-Timeline" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary {...quiet}>{strings.timeline}</summary>
      {open && <TimelineStrips {...props} />}
    </details>
  );
}
