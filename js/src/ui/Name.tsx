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

let characters: Intl.Segmenter | undefined;

/** Split off the end, never within what is one character to a reader. */
export function split(name: string): [string, string] {
  if (name.length <= 2 * TAIL) return [name, ""];
  // Most names are plain, and there may be thousands of them.
  if (/^[ -~]*$/.test(name)) return [name.slice(0, -TAIL), name.slice(-TAIL)];
  characters ??= new Intl.Segmenter();
  const all = Array.from(characters.segment(name), ({ segment }) => segment);
  return [all.slice(0, -TAIL).join(""), all.slice(-TAIL).join("")];
}
