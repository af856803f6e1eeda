import { Fragment } from "preact";
import { useMemo, useRef } from "preact/hooks";
import type { Activity, Command, Instance, Load } from "../../protocol/protocol";
import { byDevice } from "../../store/devices";
import { exactly } from "../../store/named";
import { instanceSubjects, type Subject } from "../../store/pending";
import type { State } from "../../store/store";
import { roomFor } from "../controls/Name";
import { useSelection } from "../controls/place";
import { useHold } from "../controls/useHold";
import { useRoving } from "../controls/useRoving";
import { useWords } from "../text/words";
import { DeviceHead } from "./DeviceHead";
import { cancelOf, InstanceRows, LoadRows } from "./InstanceRows";
import { ListHead } from "./ListHead";
import { useMarks } from "./useMarks";
import { type Steady, useSteady } from "./useSteady";
import { type Undo, useUndo } from "./useUndo";

interface Props {
  activity: Activity;
  now: () => number;
  stale: boolean;
  inert: boolean;
  /** Whether the host has anything to load. */
  loadable: boolean;
  pending: State["pending"];
  refusals: State["refusals"];
  onSend(command: Command): void;
  onForgive(subject: Subject): void;
}

/** What is in memory and what is on its way there. */
export function InstanceList(props: Props) {
  const { activity, inert, pending } = props;
  const { strings } = useWords();
  const { rows, note, forget } = useUndo(activity.instances, (instance) =>
    pending.has(instanceSubjects(instance).unload),
  );
  const { held, hold } = useHold();
  const shown = useSteady(rows, ({ instance }) => instance.instance_reference, held);
  const groups = byDevice(shown, ({ row }) => row.instance, activity);
  const roving = useRoving<HTMLDivElement>(
    groups.flatMap(({ rows, loads }) => [
      ...rows.filter(({ left }) => !left).map(({ row }) => row.instance.instance_reference),
      ...loads.map((load) => load.load_id),
    ]),
  );
  const [selected, onSelect] = useSelection(activity.instances);
  // Where another machine has something too, each has a list of its own.
  const isSplit = groups.some(({ device }) => device !== "");
  const room = roomFor(
    shown.map(({ row: { instance } }) => ({ ...instance, name: instance.identifier })),
  );
  const actions = useActions({ note, forget, ...props });
  const { head, marks } = useRowMarks(groups.flatMap(({ rows }) => rows));
  return (
    <section class="lms-Section" aria-label={strings.inMemory}>
      <ListHead
        {...{ activity, inert, head }}
        marked={activity.instances.filter((one) => marks.marked.includes(one.instance_reference))}
        onUnload={actions.unload}
        onSend={props.onSend}
        onClear={marks.clear}
      />
      {shown.length + activity.loads.length === 0 && !isSplit ? (
        <p class="lms-Empty">
          {strings.nothingLoaded}
          {props.loadable && (
            <>
              {" "}
              {strings.nothingLoadedHint} <code>%lms load</code>
            </>
          )}
        </p>
      ) : (
        <div ref={roving.list} {...roving.handlers} {...marks.handlers}>
          {groups.map(({ device, name, away, rows, loads }) => (
            <Fragment key={device}>
              {isSplit && (
                <DeviceHead
                  name={name || strings.local}
                  {...{ away, back_at: activity.lm_link?.back_at ?? null, now: props.now }}
                />
              )}
              <ul
                class="lms-List"
                style={room}
                aria-label={isSplit ? name || strings.local : undefined}
                {...hold}
              >
                <InstanceRows
                  {...props}
                  rows={rows}
                  stale={props.stale || away}
                  active={roving.active}
                  {...{ actions, selected, onSelect }}
                  marked={marks.marked}
                />
                <LoadRows
                  {...props}
                  loads={loads}
                  active={roving.active}
                  onCancel={actions.cancel}
                />
              </ul>
            </Fragment>
          ))}
        </div>
      )}
    </section>
  );
}

/** The rows that are selected together, of those that are still there. */
function useRowMarks(rows: readonly Steady<Undo["rows"][number]>[]) {
  const head = useRef<HTMLElement>(null);
  const there = rows.filter(({ row, left }) => !left && !row.gone);
  const marks = useMarks(
    there.map(({ row }) => row.instance.instance_reference),
    () => head.current?.querySelector<HTMLElement>(".lms-Section-action button")?.focus(),
  );
  return { head, marks };
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
