import { useMemo } from "preact/hooks";
import type { Command } from "../protocol/protocol";
import { canAct, isStale } from "../store/select";
import type { State, Store } from "../store/store";
import { Button } from "./Button";
import { EngineStart } from "./EngineStart";
import { HostBar } from "./HostBar";
import { Icon } from "./Icon";
import { InstanceList } from "./InstanceList";
import { MemoryBar } from "./MemoryBar";
import { ModelList } from "./ModelList";
import { usePlace } from "./place";
import { Refusal } from "./Refusal";
import { Timeline } from "./Timeline";
import { useStore } from "./useStore";
import { useWords, type Words } from "./words";

/** The whole panel: host, memory, what is loaded, what could be. */
export function Panel({ store }: { store: Store }) {
  const words = useWords();
  const { strings, lang } = words;
  const state = useStore(store);
  const { activity, catalog, pending, refusals } = state;
  const calls = useMemo(() => callsFor(store), [store]);
  const inert = !canAct(state);
  const stale = isStale(state);
  const { send, now } = calls;
  const offer = usePlace().engine?.() ?? null;
  const refresh = () => send({ kind: "refresh" });
  const refreshRefusal = refusals.get("refresh");

  const link = state.link === "absent" ? "lost" : (activity?.host.link ?? "connecting");
  return (
    <section class="lms-Panel" aria-label={strings.panel} lang={lang} data-link={link}>
      <div class="lms-Panel-inner">
        {activity && !isHostless(state) && (
          <HostBar
            host={activity.host}
            link={link}
            absent={state.link === "absent"}
            refreshing={pending.has("refresh")}
            onRefresh={refresh}
          />
        )}
        <p class="lms-Notice" role="status">
          {noticeFor(state, words)}
        </p>
        {refreshRefusal && (
          <Refusal problem={refreshRefusal} onDismiss={() => store.forgive("refresh")} />
        )}
        {activity?.problems.map((problem) => {
          const { problem_id, model_key } = problem;
          const again = inert ? undefined : store.lastLoad(model_key);
          const dismiss = () => send({ kind: "dismiss", problem_id });
          const retry = again && (() => send(again));
          return <Refusal key={problem_id} problem={problem} onRetry={retry} onDismiss={dismiss} />;
        })}
        {isHostless(state) && (
          <div class="lms-Empty lms-Empty-host">
            <p>{strings.noHost}</p>
            <p>{strings.noHostHint}</p>
            {offer ? (
              <EngineStart offer={offer} onStarted={refresh} />
            ) : (
              <code>lms-jupyter engine</code>
            )}
            <Button
              look={offer ? "plain" : "accent"}
              disabled={state.link === "absent"}
              onClick={refresh}
            >
              <Icon name="refresh" />
              {strings.refresh}
            </Button>
          </div>
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
            <InstanceList
              activity={activity}
              now={now}
              stale={stale}
              inert={inert}
              pending={pending}
              refusals={refusals}
              onSend={send}
              onForgive={store.forgive}
            />
            {catalog && (
              <ModelList
                catalog={catalog}
                activity={activity}
                inert={inert}
                pending={pending}
                refusals={refusals}
                actions={calls}
              />
            )}
          </>
        )}
      </div>
    </section>
  );
}

/** What rows call; the same functions for as long as the panel lives. */
function callsFor(store: Store) {
  const send = (command: Command) => void store.send(command);
  return {
    send,
    now: store.now,
    onLoad: (request: Omit<Command & { kind: "load" }, "kind">) =>
      send({ kind: "load", ...request }),
    onAsk: ({ model_key, config }: Pick<Command & { kind: "estimate" }, "model_key" | "config">) =>
      store.ask({ kind: "estimate", model_key, config }),
    onForgive: (model_key: string) => store.forgive(`load:${model_key}`),
  };
}

/** No host was ever there: nothing that could be shown as a snapshot. */
function isHostless(state: State): boolean {
  return state.activity?.host.link === "lost" && !isKnown(state);
}

/** Something was heard of a host, be it that it has nothing. */
function isKnown({ activity, catalog }: State): boolean {
  return (
    activity?.host.link === "connected" ||
    (activity?.instances.length ?? 0) + (catalog?.models.length ?? 0) > 0
  );
}

/** One sentence on how the page stands with the other end, where that is not as it should be. */
function noticeFor(state: State, { strings, format }: Words): string {
  const { link, activity, pending } = state;
  if (activity === null && link === "absent") return strings.noServer;
  if (activity === null || activity.host.link === "connecting") return strings.looking;
  const time = format.time(activity.now);
  if (link === "absent") return strings.noLink(time);
  if (activity.host.link === "lost") return isHostless(state) ? "" : strings.lostAt(time);
  if ([...pending.values()].some(({ phase }) => phase === "queued")) return strings.queued;
  return link === "busy" ? strings.busyKernel : "";
}
