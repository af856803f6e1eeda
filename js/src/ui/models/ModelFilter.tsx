import type { KindFilter, Order } from "../../store/search";
import { quiet } from "../controls/Button";
import { Choice } from "../controls/Choice";
import { Icon } from "../controls/Icon";
import { useWords } from "../text/words";

interface Props {
  query: string;
  kind: KindFilter;
  order: Order;
  onQuery(query: string): void;
  onKind(kind: KindFilter): void;
  onOrder(order: Order): void;
  /** Somebody wants to walk into what was found. */
  onDown(): void;
}

/** What narrows a long list of models down, as you type. */
export function ModelFilter({ query, kind, order, onQuery, onKind, onOrder, onDown }: Props) {
  const { strings } = useWords();
  const orders: Record<Order, string> = {
    recent: strings.byUse,
    name: strings.byName,
    size: strings.bySize,
  };
  return (
    <div class="lms-Filter">
      <label class="lms-Search">
        <Icon name="search" />
        <input
          {...quiet}
          type="search"
          placeholder={strings.filter}
          aria-label={strings.filter}
          value={query}
          onInput={(event) => onQuery(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") onQuery("");
            if (event.key !== "ArrowDown") return;
            event.preventDefault();
            onDown();
          }}
        />
      </label>
      <Choice<KindFilter>
        label={strings.showKind}
        value={kind}
        onChange={onKind}
        options={{
          all: strings.all,
          llm: strings.llm,
          vision: strings.vision,
          embedding: strings.embedding,
        }}
      />
      {/* Where it is narrow, the list is folded behind its icon. */}
      <span class="lms-Order" title={`${strings.sortBy}: ${orders[order]}`}>
        <Icon name="sort" />
        <Choice<Order> label={strings.sortBy} value={order} onChange={onOrder} options={orders} />
      </span>
    </div>
  );
}
