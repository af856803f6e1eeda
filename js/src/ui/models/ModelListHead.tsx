import type { Model } from "../../protocol/protocol";
import { keepOrder } from "../../store/recall";
import type { KindFilter, Order } from "../../store/search";
import { Button } from "../controls/Button";
import { Icon } from "../controls/Icon";
import { useWords } from "../text/words";
import { ModelFilter } from "./ModelFilter";

interface Props {
  /** How many models there are without a filter. */
  total: number;
  filtered: {
    query: string;
    kind: KindFilter;
    order: Order;
    models: readonly Model[];
    setKind(kind: KindFilter): void;
    setOrder(order: Order): void;
  };
  /** What is looked for to be downloaded; nothing where that form is closed. */
  getting: string | null;
  onGet(words: string | null): void;
  onQuery(query: string): void;
  /** From the field into the list. */
  onDown(): void;
}

/** From here on there is something to search. */
const SEARCH_FROM = 6;

/** How many models there are, the way to more of them, and the filter. */
export function ModelListHead({ total, filtered, getting, onGet, onQuery, onDown }: Props) {
  const { strings, format } = useWords();
  const { query, kind, order, models, setKind, setOrder } = filtered;
  return (
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
            onClick={() => onGet(getting === null ? "" : null)}
          >
            <Icon name="download" />
          </Button>
        </span>
      )}
      {total >= SEARCH_FROM && (
        <ModelFilter
          {...{ query, kind, order, onQuery, onDown }}
          onKind={setKind}
          onOrder={(chosen) => {
            setOrder(chosen);
            keepOrder(chosen);
          }}
        />
      )}
    </header>
  );
}
