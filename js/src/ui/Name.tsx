const TAIL = 8;

/**
 * A name on one line. Where it does not fit, the ellipsis is in the middle: the end of a model's
 * key tells one variant from another.
 */
export function Name({ children, title }: { children: string; title?: string | undefined }) {
  const [head, tail] = split(children);
  return (
    <span class="lms-Name" dir="auto" title={title ?? children}>
      <span class="lms-Name-head">{head}</span>
      {tail && <span class="lms-Name-tail">{tail}</span>}
    </span>
  );
}

/** Split off the end, never within what is one character to a reader. */
export function split(name: string): [string, string] {
  if (name.length <= 2 * TAIL) return [name, ""];
  const characters =
    "Segmenter" in Intl
      ? Array.from(new Intl.Segmenter().segment(name), ({ segment }) => segment)
      : Array.from(name);
  return [characters.slice(0, -TAIL).join(""), characters.slice(-TAIL).join("")];
}
