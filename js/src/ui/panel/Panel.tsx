import { useMemo } from "preact/hooks";
import type { Command } from "../../protocol/protocol";
import { wakeSubject } from "../../store/pending";
import { canAct, isHostless, isKnown, isStale } from "../../store/standing";
import type { State, Store } from "../../store/store";
import { useSoon } from "../controls/later";
import { MemoryBar } from "../controls/MemoryBar";
import { type Place, usePlace } from "../controls/place";
import { RetryIn } from "../controls/RetryIn";
import { useStill } from "../controls/useStill";
import { useStore } from "../controls/useStore";
import { InstanceList } from "../instances/InstanceList";
import { ModelBrowser } from "../models/ModelBrowser";
import { useWords, type Words } from "../text/words";
import { HostBar } from "./HostBar";
import { Hostless } from "./Hostless";
import { Problems } from "./Problems";
import { Timeline } from "./Timeline";
import { useKeyHelp } from "./useKeyHelp";
import { useLinked } from "./useLinked";
import { WakeStudio } from "./WakeStudio";

/** The whole panel: host, memory, what is loaded, what could be. */
export function Panel({ store }: { store: Store }) {
  const words = useWords();
  const { strings, lang } = words;
  const state = useStore(store);
  const { activity, pending, refusals } = state;
  const send = useMemo(() => (command: Command) => void store.send(command), [store]);
  const { now } = store;
  const inert = !canAct(state);
  const stale = isStale(state);
  const hostless = isHostless(state);

  const { surface } = usePlace();
  const soon = useSoon();
  const { help, onKeyDown } = useKeyHelp();
  const absent = state.link === "absent";
  const link = absent ? "lost" : (activity?.host.link ?? "connecting");
  const asleep = link === "lost" && (activity?.host.asleep ?? false);
  const waking = pending.has(wakeSubject());
  const wake = () => send({ kind: "wake_studio" });
  const retry_at = absent || hostless ? null : activity?.host.retry_at;
  return (
    <section
      class="lms-Panel"
      aria-label={strings.panel}
      lang={lang}
      data-link={link}
      data-surface={surface}
      onClickCapture={useStill()}
      // Whoever is about to use the panel may open something.
      onPointerEnter={soon}
      onFocusIn={soon}
      onKeyDown={onKeyDown}
    >
      <div class="lms-Panel-inner" {...useLinked()}>
        {help}
        {activity && !hostless && (
          <HostBar store={store} host={activity.host} link={link} absent={absent} />
        )}
        <p class="lms-Notice" role="status">
          {noticeFor(state, words, surface)}
          {link === "lost" && retry_at && <RetryIn retry_at={retry_at} now={now} />}
        </p>
        {asleep && !hostless && <WakeStudio waking={waking} disabled={absent} onWake={wake} />}
        <Problems store={store} inert={inert} />
        {hostless && (
          <Hostless
            absent={absent}
            asleep={asleep}
            waking={waking}
            onRefresh={() => send({ kind: "refresh" })}
            onWake={wake}
          />
        )}
        {activity && isKnown(state) && (
          <>
            <MemoryBar
              memory={activity.memory}
              instances={activity.instances}
              now={now}
              stale={stale}
            />
            <Timeline activity={activity} spans={state.history} now={now} stale={stale} />
            {/* A kernel or a host that is another has nothing to call back. */}
            <InstanceList
              key={activity.epoch}
              {...{ activity, now, stale, inert, pending, refusals }}
              loadable={state.catalog?.models.length !== 0}
              onSend={send}
              onForgive={store.forgive}
            />
            <ModelBrowser store={store} inert={inert} />
          </>
        )}
      </div>
    </section>
  );
}

/** One sentence on how the page stands with the other end, where that is not as it should be. */
function noticeFor(state: State, { strings, format }: Words, surface: Place["surface"]): string {
  const { link, activity, pending } = state;
  if (activity === null && link === "absent") return strings.noServer;
  if (activity === null || activity.host.link === "connecting") return strings.looking;
  const time = format.moment(activity.now);
  if (link === "absent") {
    return surface === "sidebar" ? strings.noServerLink(time) : strings.noLink(time);
  }
  if (activity.host.link === "lost") return isHostless(state) ? "" : strings.lostAt(time);
  if ([...pending.values()].some(({ phase }) => phase === "queued")) return strings.queued;
  return link === "busy" ? strings.busyKernel : "";
}
