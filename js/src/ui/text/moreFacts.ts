import type { Instance } from "../../protocol/protocol";
import { othersOf, requestsOf } from "../../store/missed";
import { present } from "./facts";
import type { Words } from "./words";

/** What is asked before an instance is unloaded that somebody would miss. */
export function unloadQuestion(name: string, instance: Instance, { strings }: Words): string {
  const [count, others] = [requestsOf(instance), othersOf(instance)];
  const why = present([
    count > 0 ? strings.answering(count) : null,
    count === 0 && instance.status === "unknown" ? strings.mayAnswer : null,
    others.length > 0 ? strings.servesOthers(others.join(", ")) : null,
  ]);
  return strings.unloadSure(name, why.join(strings.and));
}

/** What the button that unloads an instance says of itself: whom else it would take it from. */
export function unloadTitle(instance: Instance, { strings }: Words): string {
  const others = othersOf(instance);
  return others.length > 0 ? strings.unloadShared(others.join(", ")) : strings.unload;
}

/** Who loaded an instance, where that is known. */
export function ownerName({ owner }: Instance, { strings }: Words): string | null {
  return owner === "rest" || owner === "lms" ? strings[owner] : owner;
}

/** What keeps an instance instead of its TTL, besides a pin. */
export function keptOf({ keep }: Instance, { strings, format }: Words): string | null {
  if (!keep) return null;
  return keep.until === null ? strings.keptOpen : strings.keptUntil(format.moment(keep.until));
}

/** What an instance knows that one before it has read: "warm: 4,096 tokens kept". */
export function warmOf({ warm_tokens }: Instance, { strings, format }: Words): string | null {
  return warm_tokens > 0 ? strings.warm(format.integer(warm_tokens)) : null;
}

/** Who else has to do with an instance, a line each. */
export function peopleOf(instance: Instance, words: Words): string[] {
  const { strings } = words;
  const life = [keptOf(instance, words), warmOf(instance, words)];
  const owner = instance.mine ? null : ownerName(instance, words);
  const users = instance.users.join(", ");
  return present([...life, owner && strings.loadedBy(owner), users && strings.usedBy(users)]);
}
