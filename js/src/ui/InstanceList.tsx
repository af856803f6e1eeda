import { useCallback, useRef, useState } from "preact/hooks";
import type { Activity, Command, Instance, Load } from "../protocol/protocol";
import { isMissed } from "../store/missed";
import { type Subject, subject } from "../store/pending";
import type { State } from "../store/store";
import { Button } from "./Button";
import { InstanceRow } from "./InstanceRow";
import { LeftRow } from "./LeftRow";
import { LoadRow } from "./LoadRow";
import { roomFor } from "./Name";
import { useSelection } from "./place";
import { UndoRow } from "./UndoRow";
import { useHold } from "./useHold";
import { useRoving } from "./useRoving";
import { useSteady } from "./useSteady";
import { useUndo } from "./useUndo";
import { useWords } from "./words";

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

/** What a row's buttons ask for, each kind of them. */
function subjectsOf(identifier: string) {
  return {
    unload: subject({ kind: "unload", identifier }),
    pin: subject({ kind: "pin", identifier, pinned: true }),
    ttl: subject({ kind: "set_ttl", identifier, ttl_s: null }),
    reload: subject({ kind: "reload", identifier, ttl_s: null }),
  };
}

/** What is in memory and what is on its way there. */
export function InstanceList(props: Props) {
  const { activity, now, stale, inert, pending, refusals, onSend } = props;
  const { strings, format } = useWords();
  const [selected, select] = useSelection();
  const unloadOf = ({ identifier }: Instance): Command => ({ kind: "unload", identifier });
  const { rows, note, forget } = useUndo(activity.instances, (instance) =>
    pending.has(subject(unloadOf(instance))),
  );
  const { held, hold } = useHold();
  const shown = useSteady(rows, ({ instance }) => instance.instance_reference, held);
  const roving = useRoving([
    ...rows.map(({ instance }) => instance.identifier),
    ...activity.loads.map((load) => load.load_id),
  ]);

  // Rows are drawn again only when their props change: what they call must stay the same.
  const latest = useRef({ note, forget, ...props });
  latest.current = { note, forget, ...props };
  const unload = useCallback((instance: Instance) => {
    latest.current.note(instance);
    latest.current.onSend({ kind: "unload", identifier: instance.identifier });
  }, []);
  const forgive = useCallback((identifier: string) => {
    Object.values(subjectsOf(identifier)).forEach(latest.current.onForgive);
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
            const { identifier, instance_reference } = instance;
            if (left) return <LeftRow key={`left ${instance_reference}`} instance={instance} />;
            const tabbable = roving.active === identifier;
            if (gone) {
              return (
                <UndoRow
                  key={`gone ${instance_reference}`}
                  instance={instance}
                  inert={inert}
                  tabbable={tabbable}
                  onUndo={undo}
                  onOver={forget}
                />
              );
            }
            const asked = subjectsOf(identifier);
            const refused = Object.values(asked).find((one) => refusals.has(one));
            return (
              <InstanceRow
                key={instance_reference}
                instance={instance}
                now={now}
                stale={stale}
                inert={inert}
                tabbable={tabbable}
                selected={selected === identifier}
                hostName={activity.host.name}
                canSetTtl={features.includes("ttl")}
                canPin={features.includes("pin")}
                unloading={pending.get(asked.unload)?.phase}
                pinning={pending.has(asked.pin)}
                retiming={pending.has(asked.ttl) || pending.has(asked.reload)}
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
