import { useState } from "preact/hooks";
import { Button } from "../controls/Button";
import { useWords } from "../text/words";

interface Props {
  label: string;
  count: number;
  /** So many of them somebody is using. */
  missed: number;
  inert: boolean;
  onUnloadAll(): void;
}

/** Asks once more in its own place: other notebooks may be using what goes. */
export function UnloadAll({ label, count, missed, inert, onUnloadAll }: Props) {
  const { strings } = useWords();
  const [sure, setSure] = useState(false);
  return (
    <span class="lms-Section-action" onFocusOut={() => setSure(false)}>
      <Button
        disabled={inert}
        onClick={() => {
          setSure(!sure);
          if (sure) onUnloadAll();
        }}
      >
        {sure ? strings.unloadAllSure(count, missed) : label}
      </Button>
    </span>
  );
}
