import { useRef } from "preact/hooks";
import { bytesOf, nextToLeave } from "../../store/select";
import { isStale } from "../../store/standing";
import type { State, Store } from "../../store/store";
import { put, useTick } from "../controls/clock";
import { useStore } from "../controls/useStore";
import { clock } from "../text/format";
import { useStillWords, type Words } from "../text/stillWords";

/** The panel in one line: "2 models · 5.1 GB · next unload in 3:12". */
export function StatusLine({ store }: { store: Store }) {
  const words = useStillWords();
  const state = useStore(store);
  const line = useRef<HTMLSpanElement>(null);
  const instances = state.activity?.instances ?? [];
  const counting = !isStale(state) && nextToLeave(instances, store.now()) !== null;
  useTick(line, counting, () => {
    put(line.current, statusText(state, store.now(), words));
  });
  return <span ref={line} class="lms-StatusLine" lang={words.lang} role="timer" />;
}

/** What is in memory in one line; the first load in progress is what people wait for. */
export function statusText(state: State, now: number, { strings, format }: Words): string {
  const { activity } = state;
  if (activity === null || activity.host.link === "connecting") return strings.looking;
  const { instances, loads } = activity;
  const [load] = loads;
  const size = instances.reduce((sum, instance) => sum + bytesOf(instance), 0);
  const left = nextToLeave(instances, now);
  const parts = [strings.models(instances.length)];
  if (instances.length > 0) parts.push(format.bytes(size));
  if (isStale(state)) parts.push(strings.snapshot(format.time(activity.now)));
  else if (load) parts.push(strings.loadingShare(format.percent(load.fraction)));
  else if (left !== null) parts.push(strings.nextUnload(clock(left)));
  return parts.join(" · ");
}
