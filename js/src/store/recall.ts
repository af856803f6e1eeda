import { ORDERS, type Order } from "./search";

/** What a page keeps for the next one; `localStorage` is such a place. */
export type Shelf = Pick<Storage, "getItem" | "setItem">;

/** The names under which something is kept: what was used when, and how models are sorted. */
export const PLACE = "lms_jupyter:used";
export const ORDER_PLACE = "lms_jupyter:order";
export const HOSTS_KEPT = 8;
export const MODELS_KEPT = 50;

/** When each model was last used. */
type Used = ReadonlyMap<string, number>;

/** The models of a host that were used last, as far as earlier pages saw it. */
export function recall(address: string, shelf = browserShelf()): Used {
  return read(shelf).get(address) ?? new Map();
}

/** Keep which models of a host were used last. Nothing is written while their order is the same. */
export function keep(address: string, used: Used, shelf = browserShelf()): void {
  const kept = read(shelf);
  const before = kept.get(address) ?? new Map();
  const after = newest(later(before, used));
  if ([...after.keys()].join("\n") === [...before.keys()].join("\n")) return;
  kept.delete(address);
  kept.set(address, after);
  const hosts = [...kept].slice(-HOSTS_KEPT).map(([host, told]) => [host, [...told]]);
  write(PLACE, JSON.stringify(hosts), shelf);
}

/** How somebody had models sorted last; by their use, unless told otherwise. */
export function recallOrder(shelf = browserShelf()): Order {
  const kept = shelf?.getItem(ORDER_PLACE);
  return ORDERS.find((order) => order === kept) ?? "recent";
}

/** Keep how models are sorted, for panels and pages to come. */
export function keepOrder(order: Order, shelf = browserShelf()): void {
  write(ORDER_PLACE, order, shelf);
}

/** What both know, each model with the later of its times. */
export function later(one: Used, other: Used): Used {
  const both = new Map(one);
  for (const [model_key, at] of other) both.set(model_key, Math.max(at, both.get(model_key) ?? 0));
  return both;
}

function newest(used: Used): Used {
  return new Map([...used].sort(([, a], [, b]) => b - a).slice(0, MODELS_KEPT));
}

/** What is kept, by the hosts' addresses: the one that was written last comes last. */
function read(shelf: Shelf | null): Map<string, Used> {
  try {
    const kept: [string, [string, unknown][]][] = JSON.parse(shelf?.getItem(PLACE) ?? "[]");
    return new Map(
      kept.map(([host, told]) => [
        host,
        new Map(told.filter((one): one is [string, number] => Number.isFinite(one[1]))),
      ]),
    );
  } catch {
    // Somebody else wrote there, or it is refused.
    return new Map();
  }
}

function write(place: string, text: string, shelf: Shelf | null): void {
  try {
    shelf?.setItem(place, text);
  } catch {
    // It is full or refused: what was to be kept lasts as long as the page.
  }
}

/** The browser's own; `null` where it is refused, as in sandboxed frames. */
function browserShelf(): Shelf | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}
