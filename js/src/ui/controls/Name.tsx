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

interface NamesProps {
  /** What requests call it. */
  name: string;
  model_key: string;
  /** Where it is, if that tells it from another. */
  device?: string | null;
  title: string;
}

/** The name of an instance, then its device, and its model where that is called otherwise. */
export function Names({ name, model_key, device, title }: NamesProps) {
  const more = [device, isOf(model_key, name) ? null : model_key];
  return (
    <span class="lms-Names">
      <Name title={title}>{name}</Name>
      {more.map(
        (one) =>
          one && (
            <span key={one} class="lms-Names-more">
              <Name title={title}>{one}</Name>
            </span>
          ),
      )}
    </span>
  );
}

/** Whether the host made the name from the model's: "qwen3" and "qwen3:2" say it already. */
export function isOf(model_key: string, name: string): boolean {
  return (
    name === model_key ||
    (name.startsWith(model_key) && /^:\d+$/.test(name.slice(model_key.length)))
  );
}

/** Room for the longest of these names, for a list whose columns are to stand below each other. */
export function roomFor(names: readonly { name: string; model_key?: string }[]): string {
  // Letters of most names are hardly narrower than a figure; the model's are smaller.
  const length = ({ name, model_key }: { name: string; model_key?: string }) =>
    name.length + (model_key === undefined || isOf(model_key, name) ? 0 : model_key.length * 0.92);
  return `--lms-names: ${Math.ceil(names.map(length).reduce((a, b) => Math.max(a, b), 12)) + 1}ch`;
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
