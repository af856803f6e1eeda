/**
 * Facts of a row: one after the other, or each in its column where a panel is wide. One that is not
 * known is empty there, so that those after it stay in theirs.
 */
export function Facts({ facts }: { facts: readonly (string | null)[] }) {
  return facts.map((fact, place) => <span key={place}>{fact}</span>);
}
