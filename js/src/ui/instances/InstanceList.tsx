import { useMemo, useRef } from "preact/hooks";
import type { Activity, Command, Instance, Load } from "../../protocol/protocol";
import { isMissed } from "../../store/missed";
import { exactly } from "../../store/named";
import { instanceSubjects, type Subject } from "../../store/pending";
import type { State } from "../../store/store";
import { roomFor } from "../controls/Name";
import { useHold } from "../controls/useHold";
import { useRoving } from "../controls/useRoving";
import { useWords } from "../text/words";
import { cancelOf, InstanceRows, LoadRows } from "./InstanceRows";
import { UnloadAll } from "./UnloadAll";
import { useSteady } from "./useSteady";
import { type Undo, useUndo } from "./useUndo";

interface Props {
  activity: Activity;
  now: () => number;
  stale: boolean;
  inert: boolean;
  pending: State["pending"];
  refusals: State["refusals"];
  onSend(command: Command): void;
  onForgive(subject: Subject): void;
}

/** What is in memory and what is on its way there. */
export function InstanceList(props: Props) {
  const { activity, inert, pending } = props;
  const { strings, format } = useWords();
  const { rows, note, forget } = useUndo(activity.instances, (instance) =>
    pending.has(instanceSubjects(instance).unload),
  );
  const { held, hold } = useHold();
  const shown = useSteady(rows, ({ instance }) => instance.instance_reference, held);
  const roving = useRoving([
    ...rows.map(({ instance }) => instance.instance_reference),
    ...activity.loads.map((load) => load.load_id),
  ]);
  const actions = useActions({ note, forget, ...props });
  const count = activity.instances.length;
  return (
    <section class="lms-Section" aria-label={strings.inMemory}>
      <header class="lms-Section-head">
        <h3>{strings.inMemory}</h3>
        {count > 0 && <span class="lms-Section-count">{format.integer(count)}</span>}
        {count > 1 && (
          <UnloadAll
            count={count}
            missed={activity.instances.filter(isMissed).length}
            inert={inert}
            onUnloadAll={() => activity.instances.forEach(actions.unload)}
          />
        )}
      </header>
      {shown.length + activity.loads.length === 0 ? (
        <p class="lms-Empty">
          {strings.nothingLoaded} {strings.nothingLoadedHint} <code>%lms load</code>
        </p>
      ) : (
        <ul
          class="lms-List"
          style={roomFor(
            shown.map(({ row: { instance } }) => ({ ...instance, name: instance.identifier })),
          )}
          ref={roving.list}
          {...roving.handlers}
          {...hold}
        >
          <InstanceRows {...props} rows={shown} active={roving.active} actions={actions} />
          <LoadRows {...props} active={roving.active} onCancel={actions.cancel} />
        </ul>
      )}
    </section>
  );
}

/** Rows are drawn again only when their props change: what they call stays the same. */
function useActions(known: Props & Pick<Undo, "note" | "forget">) {
  const latest = useRef(known);
  latest.current = known;
  return useMemo(
    () => ({
      unload(instance: Instance) {
        latest.current.note(instance);
        latest.current.onSend({ kind: "unload", ...exactly(instance) });
      },
      forgive(instance: Instance) {
        Object.values(instanceSubjects(instance)).forEach(latest.current.onForgive);
      },
      undo(instance: Instance) {
        latest.current.forget(instance);
        const { instance_reference } = instance;
        latest.current.onSend({ kind: "load_again", instance_reference });
      },
      forget(instance: Instance) {
        latest.current.forget(instance);
      },
      cancel(load: Load) {
        latest.current.onSend(cancelOf(load));
      },
    }),
    [],
  );
}
