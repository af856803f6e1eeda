import { useMemo, useState } from "preact/hooks";
import type { Activity, Catalog, Command, Reply } from "../../protocol/protocol";
import { loadSubject } from "../../store/pending";
import { keepOrder, recallOrder } from "../../store/recall";
import { index, type KindFilter, matching } from "../../store/search";
import { countByModel } from "../../store/select";
import type { State } from "../../store/store";
import { Button } from "../controls/Button";
import { Icon } from "../controls/Icon";
import { roomFor } from "../controls/Name";
import { useHold } from "../controls/useHold";
import { useRoving } from "../controls/useRoving";
import { useWords } from "../text/words";
import { DownloadList } from "./DownloadList";
import { GetForm } from "./GetForm";
import { ModelFilter } from "./ModelFilter";
import { type ModelActions, ModelRow } from "./ModelRow";
import { useGrowing } from "./useGrowing";
import { useHeld } from "./useHeld";

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
  actions: Omit<ModelActions, "onOpen"> & GetActions;
}

/** From here on there is something to search. */
const SEARCH_FROM = 6;

/** What lies on the host's disk, with a filter as you type. */
export function ModelList(props: Props) {
  const { catalog, activity, inert, pending, refusals, actions } = props;
  const { strings, format } = useWords();
  const [query, setQuery] = useState("");
  const [kind, setKind] = useState<KindFilter>("all");
  const [order, setOrder] = useState(recallOrder);
  const [open, setOpen] = useState<string | null>(null);
  const [getting, setGetting] = useState<string | null>(null);
  const { held, hold } = useHold();
  const used = useHeld(props.used, held);

  const indexed = useMemo(() => index(catalog), [catalog]);
  const models = useMemo(
    () => matching(indexed, query, kind, order, used),
    [indexed, query, kind, order, used],
  );
  const loaded = countByModel(activity);
  const loading = new Set(activity?.loads.map((load) => load.model_key));
  const room = useMemo(
    () => roomFor(catalog.models.map(({ model_key }) => ({ name: model_key }))),
    [catalog],
  );
  const { shown, end } = useGrowing(models, query, open !== null);
  const roving = useRoving(shown.map((model) => model.model_key));
  const rowActions = useMemo(() => ({ ...actions, onOpen: setOpen }), [actions]);
  const total = catalog.models.length;

  const search = (value: string) => {
    setQuery(value);
    setOpen(null);
  };
  return (
    <section class="lms-Section" aria-label={strings.onDisk}>
      <header class="lms-Section-head">
        <h3>{strings.onDisk}</h3>
        {total > 0 && (
          <span class="lms-Section-count" role="status">
            {models.length < total
              ? `${format.integer(models.length)} / ${format.integer(total)}`
              : format.integer(total)}
          </span>
        )}
        {total > 0 && (
          <span class="lms-Section-action">
            <Button
              look="icon"
              label={strings.getMore}
              expanded={getting !== null}
              onClick={() => setGetting(getting === null ? "" : null)}
            >
              <Icon name="download" />
            </Button>
          </span>
        )}
        {total >= SEARCH_FROM && (
          <ModelFilter
            {...{ query, kind, order }}
            onQuery={search}
            onKind={setKind}
            onOrder={(chosen) => {
              setOrder(chosen);
              keepOrder(chosen);
            }}
            onDown={() => roving.list.current?.querySelector<HTMLElement>("[data-stop]")?.focus()}
          />
        )}
      </header>
      {getting !== null && (
        <GetForm
          key={activity?.host.address}
          inert={inert}
          pending={pending}
          refusals={refusals}
          words={getting}
          onFind={actions.onFind}
          onSend={actions.onSend}
          onClose={() => setGetting(null)}
        />
      )}
      <DownloadList
        downloads={activity?.downloads ?? []}
        inert={inert}
        pending={pending}
        refusals={refusals}
        onSend={actions.onSend}
        onForgive={actions.onForgive}
      />
      {models.length === 0 && (
        <p class="lms-Empty">
          {total === 0 ? strings.noModels : strings.noMatch(query)}{" "}
          {total > 0 && (
            <Button
              onClick={() => {
                search("");
                setKind("all");
              }}
            >
              {strings.clearFilter}
            </Button>
          )}
          {getting === null && (
            <Button disabled={inert} onClick={() => setGetting(query)}>
              {total > 0 && query ? strings.getThis(query) : strings.getMore}
            </Button>
          )}
        </p>
      )}
      <ul
        class="lms-List lms-ModelList"
        style={room}
        ref={roving.list}
        onKeyDown={roving.onKeyDown}
        onFocusIn={roving.onFocusIn}
        onFocusOut={roving.onFocusOut}
        {...hold}
      >
        {shown.map((model) => {
          const { model_key } = model;
          // A variant is chosen in the form of its model.
          const loads = [model_key, ...model.variants].map(loadSubject);
          const clicked = loads.find((one) => pending.has(one));
          const refused = loads.find((one) => refusals.has(one));
          return (
            <ModelRow
              key={model_key}
              model={model}
              loaded={loaded.get(model_key) ?? 0}
              loading={[model_key, ...model.variants].some((key) => loading.has(key))}
              inert={inert}
              tabbable={roving.active === model_key}
              open={open === model_key}
              activity={open === model_key ? activity : null}
              pending={clicked && pending.get(clicked)?.phase}
              refused={refused}
              refusal={refused && refusals.get(refused)}
              actions={rowActions}
            />
          );
        })}
        {end}
      </ul>
    </section>
  );
}
