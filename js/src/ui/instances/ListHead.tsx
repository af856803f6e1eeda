import type { Ref } from "preact";
import type { Activity, Command, Instance } from "../../protocol/protocol";
import { isMissed } from "../../store/missed";
import { exactly } from "../../store/named";
import { Button } from "../controls/Button";
import { useWords } from "../text/words";
import { UnloadAll } from "./UnloadAll";

interface Props {
  activity: Activity;
  /** The rows that are selected together. */
  marked: readonly Instance[];
  inert: boolean;
  head: Ref<HTMLElement>;
  onUnload(instance: Instance): void;
  onSend(command: Command): void;
  onClear(): void;
}

/** What stands above what is in memory: how much it is, and what can be done to all or to several. */
export function ListHead({ activity, marked, inert, head, onUnload, onSend, onClear }: Props) {
  const { strings, format } = useWords();
  const { instances, host } = activity;
  const several = marked.length > 0;
  const chosen = several ? marked : instances;
  const pinned = !marked.every((instance) => instance.pinned);
  return (
    <header class="lms-Section-head" ref={head}>
      <h3>{strings.inMemory}</h3>
      {instances.length > 0 && (
        <span class="lms-Section-count">{format.integer(instances.length)}</span>
      )}
      <span class="lms-Section-count" role="status">
        {several && strings.selected(marked.length)}
      </span>
      {several && host.features.includes("pin") && (
        <Button
          disabled={inert}
          onClick={() => {
            for (const instance of marked) {
              if (instance.pinned !== pinned) onSend({ kind: "pin", ...exactly(instance), pinned });
            }
          }}
        >
          {pinned ? strings.pinSelected : strings.unpinSelected}
        </Button>
      )}
      {chosen.length > 1 && (
        <UnloadAll
          key={several ? "several" : "all"}
          label={several ? strings.unloadSelected : strings.unloadAll}
          count={chosen.length}
          missed={chosen.filter(isMissed).length}
          inert={inert}
          onUnloadAll={() => {
            chosen.forEach(onUnload);
            onClear();
          }}
        />
      )}
    </header>
  );
}
