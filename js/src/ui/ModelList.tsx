import { useMemo, useState } from "preact/hooks";
import type { Activity, Catalog } from "../protocol/protocol";
import { countByModel, index, type KindFilter, matching, type Order } from "../store/select";
import type { State } from "../store/store";
import { Button, quiet } from "./Button";
import { Choice } from "./fields";
import { Icon } from "./Icon";
import { type ModelActions, ModelRow } from "./ModelRow";
import { useGrowing } from "./useGrowing";
import { useRoving } from "./useRoving";
import { useWords } from "./words";

interface Props {
  catalog: Catalog;
  activity: Activity | null;
  inert: boolean;
  pending: State["pending"];
  refusals: State["refusals"];
  actions: Omit<ModelActions, "onOpen">;
}

/** From here on there is something to search. */
const SEARCH_FROM = 6;

/** What lies on the host's disk, with a filter as you type. */
export function ModelList({ catalog, activity, inert, pending, refusals, actions }: Props) {
  const { strings, format } = useWords();
  const [query, setQuery] = useState("");
  const [kind, setKind] = useState<KindFilter>("all");
  const [order, setOrder] = useState<Order>("name");
  const [open, setOpen] = useState<string | null>(null);

  const indexed = useMemo(() => index(catalog), [catalog]);
  const models = useMemo(
    () => matching(indexed, query, kind, order),
    [indexed, query, kind, order],
  );
  const loaded = countByModel(activity);
  const loading = new Set(activity?.loads.map((load) => load.model_key));
  const { shown, end } = useGrowing(models, query);
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
        {total >= SEARCH_FROM && (
          <div class="lms-Filter">
            <label class="lms-Search">
              <Icon name="search" />
              <input
                {...quiet}
                type="search"
                placeholder={strings.filter}
                aria-label={strings.filter}
                value={query}
                onInput={(event) => search(event.currentTarget.value)}
                onKeyDown={(event) => {
                  if (event.key === "Escape") search("");
                  if (event.key !== "ArrowDown") return;
                  event.preventDefault();
                  roving.list.current?.querySelector<HTMLElement>("[data-stop]")?.focus();
                }}
              />
            </label>
            <Choice<KindFilter>
              label={strings.showKind}
              value={kind}
              onChange={setKind}
              options={{
                all: strings.all,
                llm: strings.llm,
                vision: strings.vision,
                embedding: strings.embedding,
              }}
            />
            <Choice<Order>
              label={strings.sortBy}
              value={order}
              onChange={setOrder}
              options={{ name: strings.byName, size: strings.bySize }}
            />
          </div>
        )}
      </header>
      {models.length === 0 && (
        <p class="lms-Empty">
          {total === 0 ? (
            <>
              {strings.noModels} {strings.noModelsHint} <code>lms get</code>
            </>
          ) : (
            <>
              {strings.noMatch(query)}{" "}
              <Button
                onClick={() => {
                  search("");
                  setKind("all");
                }}
              >
                {strings.clearFilter}
              </Button>
            </>
          )}
        </p>
      )}
      <ul
        class="lms-List lms-ModelList"
        ref={roving.list}
        onKeyDown={roving.onKeyDown}
        onFocusIn={roving.onFocusIn}
        onFocusOut={roving.onFocusOut}
      >
        {shown.map((model) => {
          const { model_key } = model;
          return (
            <ModelRow
              key={model_key}
              model={model}
              loaded={loaded.get(model_key) ?? 0}
              loading={loading.has(model_key)}
              inert={inert}
              tabbable={roving.active === model_key}
              open={open === model_key}
              activity={open === model_key ? activity : null}
              pending={pending.get(`load:${model_key}`)?.phase}
              refusal={refusals.get(`load:${model_key}`)}
              actions={rowActions}
            />
          );
        })}
        {end}
      </ul>
    </section>
  );
}
