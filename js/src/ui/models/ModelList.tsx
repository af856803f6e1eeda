import { useMemo, useState } from "preact/hooks";
import type { Activity, Catalog, Command, Model, Reply } from "../../protocol/protocol";
import { deletionSubject, loadSubject } from "../../store/pending";
import { recallOrder } from "../../store/recall";
import { index, type KindFilter, matching } from "../../store/search";
import { countByModel } from "../../store/select";
import type { State } from "../../store/store";
import { later } from "../controls/later";
import { roomFor } from "../controls/Name";
import { useHold } from "../controls/useHold";
import { useRoving } from "../controls/useRoving";
import type { Devices } from "../loadForm/nameFields";
import { useWords } from "../text/words";
import { DownloadList } from "./DownloadList";
import type { GetFormProps } from "./GetForm";
import { ModelListHead } from "./ModelListHead";
import { type ModelActions, ModelRow } from "./ModelRow";
import { NoModels } from "./NoModels";
import { useGrowing } from "./useGrowing";
import { useHeld } from "./useHeld";

const GetForm = later<GetFormProps>("GetForm");

interface GetActions {
  onFind(words: string): Promise<Reply>;
  onSend(command: Command): void;
}

interface Props {
  catalog: Catalog;
  activity: Activity | null;
  used: State["used"];
  inert: boolean;
  pending: State["pending"];
  refusals: State["refusals"];
  actions: Omit<ModelActions, "onOpen" | "onDelete"> & GetActions;
}

/** What is shown of the catalog, and the ways to see less or more of it. */
function useFiltered(catalog: Catalog, used: State["used"]) {
  const [query, setQuery] = useState("");
  const [kind, setKind] = useState<KindFilter>("all");
  const [order, setOrder] = useState(recallOrder);
  const indexed = useMemo(() => index(catalog), [catalog]);
  const models = useMemo(
    () => matching(indexed, query, kind, order, used),
    [indexed, query, kind, order, used],
  );
  return { query, setQuery, kind, setKind, order, setOrder, models };
}

/** What lies on the host's disk, with a filter as you type. */
export function ModelList(props: Props) {
  const { catalog, activity, inert, pending, refusals, actions } = props;
  const { strings } = useWords();
  const [open, setOpen] = useState<string | null>(null);
  const [getting, setGetting] = useState<string | null>(null);
  const { held, hold } = useHold();
  const filtered = useFiltered(catalog, useHeld(props.used, held));
  const { query, models } = filtered;
  const { shown, end } = useGrowing(models, query, open !== null);
  const roving = useRoving(shown.map((model) => model.model_key));
  const room = useMemo(
    () => roomFor(catalog.models.map(({ model_key }) => ({ name: model_key }))),
    [catalog],
  );
  const search = (value: string) => {
    filtered.setQuery(value);
    setOpen(null);
  };
  const total = catalog.models.length;
  return (
    <section class="lms-Section" aria-label={strings.onDisk}>
      <ModelListHead
        {...{ total, filtered, getting }}
        onGet={setGetting}
        onQuery={search}
        onDown={() => roving.list.current?.querySelector<HTMLElement>("[data-stop]")?.focus()}
      />
      {getting !== null && (
        <GetForm
          key={activity?.host.address}
          {...{ inert, pending, refusals }}
          words={getting}
          limits={activity?.host.features.includes("activity") ?? false}
          onFind={actions.onFind}
          onSend={actions.onSend}
          onClose={() => setGetting(null)}
        />
      )}
      <DownloadList
        downloads={activity?.downloads ?? []}
        {...{ inert, pending, refusals }}
        onSend={actions.onSend}
        onForgive={actions.onForgive}
      />
      {models.length === 0 && (
        <NoModels
          {...{ total, query, inert }}
          onClear={() => {
            search("");
            filtered.setKind("all");
          }}
          onGet={getting === null ? setGetting : null}
        />
      )}
      <ul
        class="lms-List lms-ModelList"
        style={room}
        ref={roving.list}
        {...roving.handlers}
        {...hold}
      >
        <ModelRows {...props} models={shown} active={roving.active} open={open} onOpen={setOpen} />
        {end}
      </ul>
    </section>
  );
}

interface RowsProps extends Props {
  models: readonly Model[];
  /** The row that the Tab key reaches, and the one with the form. */
  active: string | undefined;
  open: string | null;
  onOpen(model_key: string | null): void;
}

/** Always the same, so that no row is drawn anew for it. */
const NO_DEVICES: Devices = [];

function withKey({ models }: Catalog, key: string): Devices {
  return models.filter(({ model_key }) => model_key === key);
}

function ModelRows(props: RowsProps) {
  const { models, activity, inert, pending, refusals, active, open, onOpen } = props;
  const loaded = countByModel(activity);
  const loading = new Set(activity?.loads.map((load) => load.model_key));
  const actions = useMemo(
    () => ({
      ...props.actions,
      onOpen,
      onDelete: (model_key: string) =>
        props.actions.onSend({ kind: "delete_model", model_key, permanently: false }),
    }),
    [props.actions],
  );
  return (
    <>
      {models.map((model) => {
        const { model_key } = model;
        // A variant is chosen in the form of its model.
        const keys = [model_key, ...model.variants];
        const loads = keys.map(loadSubject);
        const clicked = loads.find((load) => pending.has(load));
        const refused = loads.find((load) => refusals.has(load));
        return (
          <ModelRow
            key={model_key}
            model={model}
            loaded={loaded.get(model_key) ?? 0}
            loading={keys.some((key) => loading.has(key))}
            inert={inert}
            tabbable={active === model_key}
            open={open === model_key}
            devices={open === model_key ? withKey(props.catalog, model_key) : NO_DEVICES}
            activity={open === model_key ? activity : null}
            pending={clicked && pending.get(clicked)?.phase}
            deleting={pending.has(deletionSubject(model_key))}
            refused={refused}
            refusal={refused && refusals.get(refused)}
            actions={actions}
          />
        );
      })}
    </>
  );
}
