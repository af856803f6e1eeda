import type { Activity, Command, GpuMemory, Instance, Load } from "../../protocol/protocol";
import { instanceSubjects, subject } from "../../store/pending";
import { deviceOf } from "../../store/select";
import type { State } from "../../store/store";
import { useWords } from "../text/words";
import { GoneRow } from "./GoneRow";
import { InstanceRow } from "./InstanceRow";
import { LoadRow } from "./LoadRow";
import { UndoRow } from "./UndoRow";
import type { Steady } from "./useSteady";
import type { Undo } from "./useUndo";

interface Props {
  activity: Activity;
  now: () => number;
  stale: boolean;
  inert: boolean;
  pending: State["pending"];
  refusals: State["refusals"];
  /** The row that the Tab key reaches. */
  active: string | undefined;
  onSend(command: Command): void;
}

interface InstanceProps extends Props {
  /** The reference of the row that was chosen, if one was. */
  selected: string | undefined;
  /** The references of the rows that are selected together. */
  marked: readonly string[];
  onSelect(instance: Instance): void;
  rows: readonly Steady<Undo["rows"][number]>[];
  actions: Record<"unload" | "forgive" | "undo" | "forget", (instance: Instance) => void>;
}

/** A row for each instance: one that is there, was unloaded here, or is gone. */
export function InstanceRows(props: InstanceProps) {
  const { activity, inert, active, rows, actions, selected, onSelect } = props;
  const { strings } = useWords();
  return (
    <>
      {rows.map(({ row: { instance, gone }, left }) => {
        const { instance_reference } = instance;
        const known = { instance, device: deviceOf(instance, activity.instances, strings.local) };
        if (left) return <GoneRow key={`left ${instance_reference}`} {...known} />;
        const tabbable = active === instance_reference;
        return gone ? (
          <UndoRow
            key={`gone ${instance_reference}`}
            {...known}
            inert={inert}
            tabbable={tabbable}
            onUndo={actions.undo}
            onOver={actions.forget}
          />
        ) : (
          <InstanceRow
            key={instance_reference}
            {...known}
            {...stateOf(instance, props)}
            tabbable={tabbable}
            selected={selected === instance_reference}
            marked={props.marked.includes(instance_reference)}
            onUnload={actions.unload}
            onForgive={actions.forgive}
            onSelect={onSelect}
          />
        );
      })}
    </>
  );
}

/** Always the same, so that no row is drawn anew for it. */
const NO_GPUS: readonly GpuMemory[] = [];

/** What a row shows of its host, and of the clicks on it. */
function stateOf(instance: Instance, props: Props) {
  const { activity, now, stale, inert, pending, refusals, onSend } = props;
  const { address, features, name: hostName } = activity.host;
  const asked = instanceSubjects(instance);
  const refused = Object.values(asked).find((one) => refusals.has(one));
  return {
    ...{ now, stale, inert, address, hostName, onSend },
    gpus: activity.memory?.gpus ?? NO_GPUS,
    canSetTtl: features.includes("ttl"),
    canPin: features.includes("pin"),
    unloading: pending.get(asked.unload)?.phase,
    pinning: pending.has(asked.pin),
    retiming: pending.has(asked.set_ttl) || pending.has(asked.reload),
    refusal: refused && refusals.get(refused),
  };
}

interface LoadProps extends Props {
  loads: readonly Load[];
  onCancel(load: Load): void;
}

/** A row for each load in progress. */
export function LoadRows(props: LoadProps) {
  const { loads, now, inert, pending, active, onCancel } = props;
  return (
    <>
      {loads.map((load) => (
        <LoadRow
          key={load.load_id}
          load={load}
          now={now}
          inert={inert}
          tabbable={active === load.load_id}
          cancelling={load.cancelling || pending.has(subject(cancelOf(load)))}
          onCancel={onCancel}
        />
      ))}
    </>
  );
}

export function cancelOf({ load_id }: Load): Command {
  return { kind: "cancel_load", load_id };
}
