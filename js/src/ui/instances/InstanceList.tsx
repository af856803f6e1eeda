import { useCallback, useRef, useState } from "preact/hooks";
import type { Activity, Command, Instance, Load } from "../../protocol/protocol";
import { isMissed } from "../../store/missed";
import { exactly } from "../../store/named";
import { instanceSubjects, type Subject, subject } from "../../store/pending";
import { deviceOf } from "../../store/select";
import type { State } from "../../store/store";
import { Button } from "../controls/Button";
import { roomFor } from "../controls/Name";
import { useSelection } from "../controls/place";
import { useHold } from "../controls/useHold";
import { useRoving } from "../controls/useRoving";
import { useWords } from "../text/words";
import { InstanceRow } from "./InstanceRow";
import { LeftRow } from "./LeftRow";
import { LoadRow } from "./LoadRow";
import { UndoRow } from "./UndoRow";
import { useSteady } from "./useSteady";
import { useUndo } from "./useUndo";

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
  const { activity, now, stale, inert, pending, refusals, onSend } = props;
  const { strings, format } = useWords();
  const [selected, select] = useSelection(activity.instances);
  const { rows, note, forget } = useUndo(activity.instances, (instance) =>
    pending.has(instanceSubjects(instance).unload),
  );
  const { held, hold } = useHold();
  const shown = useSteady(rows, ({ instance }) => instance.instance_reference, held);
  const roving = useRoving([
    ...rows.map(({ instance }) => instance.instance_reference),
    ...activity.loads.map((load) => load.load_id),
  ]);

  // Rows are drawn again only when their props change: what they call must stay the same.
  const latest = useRef({ note, forget, ...props });
  latest.current = { note, forget, ...props };
  const unload = useCallback((instance: Instance) => {
    latest.current.note(instance);
    latest.current.onSend({ kind: "unload", ...exactly(instance) });
  }, []);
  const forgive = useCallback((instance: Instance) => {
    Object.values(instanceSubjects(instance)).forEach(latest.current.onForgive);
  }, []);
  const undo = useCallback((instance: Instance) => {
    latest.current.forget(instance);
    const { instance_reference } = instance;
    latest.current.onSend({ kind: "load_again", instance_reference });
  }, []);
  const cancel = useCallback((load: Load) => {
    latest.current.onSend(cancelOf(load));
  }, []);

  const { features } = activity.host;
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
            onUnloadAll={() => activity.instances.forEach(unload)}
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
          onKeyDown={roving.onKeyDown}
          onFocusIn={roving.onFocusIn}
          onFocusOut={roving.onFocusOut}
          {...hold}
        >
          {shown.map(({ row: { instance, gone }, left }) => {
            const { instance_reference } = instance;
            const device = deviceOf(instance, activity.instances, strings.local);
            if (left)
              return (
                <LeftRow key={`left ${instance_reference}`} instance={instance} device={device} />
              );
            const tabbable = roving.active === instance_reference;
            if (gone) {
              return (
                <UndoRow
                  key={`gone ${instance_reference}`}
                  instance={instance}
                  device={device}
                  inert={inert}
                  tabbable={tabbable}
                  onUndo={undo}
                  onOver={forget}
                />
              );
            }
            const asked = instanceSubjects(instance);
            const refused = Object.values(asked).find((one) => refusals.has(one));
            return (
              <InstanceRow
                key={instance_reference}
                instance={instance}
                device={device}
                now={now}
                stale={stale}
                inert={inert}
                tabbable={tabbable}
                selected={selected === instance_reference}
                hostName={activity.host.name}
                canSetTtl={features.includes("ttl")}
                canPin={features.includes("pin")}
                unloading={pending.get(asked.unload)?.phase}
                pinning={pending.has(asked.pin)}
                retiming={pending.has(asked.set_ttl) || pending.has(asked.reload)}
                refusal={refused && refusals.get(refused)}
                onUnload={unload}
                onSend={onSend}
                onForgive={forgive}
                onSelect={select}
              />
            );
          })}
          {activity.loads.map((load) => (
            <LoadRow
              key={load.load_id}
              load={load}
              now={now}
              inert={inert}
              tabbable={roving.active === load.load_id}
              cancelling={load.cancelling || pending.has(subject(cancelOf(load)))}
              onCancel={cancel}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

function cancelOf({ load_id }: Load): Command {
  return { kind: "cancel_load", load_id };
}

interface UnloadAllProps {
  count: number;
  /** So many of them somebody is using. */
  missed: number;
  inert: boolean;
  onUnloadAll(): void;
}

/** Asks once more in its own place: other notebooks may be using what goes. */
function UnloadAll({ count, missed, inert, onUnloadAll }: UnloadAllProps) {
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
        {sure ? strings.unloadAllSure(count, missed) : strings.unloadAll}
      </Button>
    </span>
  );
}
