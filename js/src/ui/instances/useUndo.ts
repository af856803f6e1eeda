import { useEffect, useState } from "preact/hooks";
import type { Instance } from "../../protocol/protocol";

interface Left {
  instance: Instance;
  /** Where its row was. */
  index: number;
}

export interface Undo {
  /** The rows to show: instances, and those that were unloaded here a moment ago in their places. */
  rows: { instance: Instance; gone: boolean }[];
  /** An unload of this instance was asked for. */
  note(instance: Instance): void;
  /** It cannot be called back any more, or it was. */
  forget(instance: Instance): void;
}

/** Remember what is unloaded here. `isPending` tells whether an unload is still under way. */
export function useUndo(
  instances: readonly Instance[],
  isPending: (instance: Instance) => boolean,
): Undo {
  const [left, setLeft] = useState<readonly Left[]>([]);
  const here = new Map(instances.map((instance) => [spotOf(instance), instance]));
  const isSame = ({ instance }: Left) =>
    here.get(spotOf(instance))?.instance_reference === instance.instance_reference;

  // Still there and no longer on its way out: it was refused, or it failed. Another of its name:
  // there is nothing to call back.
  const kept = left.filter((one) =>
    isSame(one) ? isPending(one.instance) : !here.has(spotOf(one.instance)),
  );
  useEffect(() => {
    if (kept.length < left.length) setLeft(kept);
  });

  const rows = instances.map((instance) => ({ instance, gone: false }));
  for (const { instance, index } of kept) {
    if (!here.has(spotOf(instance))) rows.splice(index, 0, { instance, gone: true });
  }
  return {
    rows,
    note(instance) {
      const index = rows.findIndex((row) => row.instance === instance);
      setLeft((all) => [...without(all, instance), { instance, index }]);
    },
    forget: (instance) => setLeft((all) => without(all, instance)),
  };
}

function without(all: readonly Left[], instance: Instance): Left[] {
  return all.filter((one) => spotOf(one.instance) !== spotOf(instance));
}

/** What only one instance at a time can have: an identifier on a device. */
function spotOf({ identifier, device }: Instance): string {
  return JSON.stringify([identifier, device]);
}
