/**
 * Return `next`, with every part that equals its counterpart in `known` taken from `known`.
 *
 * Each slice comes whole and newly parsed; with this, a row whose instance did not change gets the
 * same object again and need not be drawn again.
 */
export function share<T>(next: T, known: unknown): T {
  if (Object.is(next, known)) return next;
  if (!isObject(next) || !isObject(known) || Array.isArray(next) !== Array.isArray(known)) {
    return next;
  }
  const names = Object.keys(next);
  let same = names.length === Object.keys(known).length;
  const mixed: Record<string, unknown> = {};
  for (const name of names) {
    mixed[name] = share(next[name], known[name]);
    same &&= Object.is(mixed[name], known[name]) && name in known;
  }
  if (same) return known as T;
  return (Array.isArray(next) ? Object.values(mixed) : mixed) as T;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
