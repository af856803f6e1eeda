import { Button } from "../controls/Button";
import { useWords } from "../text/words";

interface Props {
  /** How many there are without a filter. */
  total: number;
  query: string;
  inert: boolean;
  onClear(): void;
  /** Look for some to download; nothing where that is under way. */
  onGet: ((words: string) => void) | null;
}

/** What to do where no model is there, or none passes the filter. */
export function NoModels({ total, query, inert, onClear, onGet }: Props) {
  const { strings } = useWords();
  return (
    <p class="lms-Empty">
      {total === 0 ? strings.noModels : strings.noMatch(query)}{" "}
      {total > 0 && <Button onClick={onClear}>{strings.clearFilter}</Button>}
      {onGet && (
        <Button disabled={inert} onClick={() => onGet(query)}>
          {total > 0 && query ? strings.getThis(query) : strings.getMore}
        </Button>
      )}
    </p>
  );
}
