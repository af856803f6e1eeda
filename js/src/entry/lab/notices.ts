import { Notification } from "@jupyterlab/apputils";
import type { Activity, Instance } from "../../protocol/protocol";
import { called } from "../../store/named";
import type { State } from "../../store/store";
import { clock } from "../../ui/text/format";
import type { Desk } from "./desk";
import { arrivals, isUsedBy, leaving } from "./news";
import type { Loudness, Preferences, Settings } from "./settings";
import type { Strings } from "./strings";

type Kind = keyof Settings["notices"];
type Action = [label: string, callback: () => void];

/** What can be done about a notice. */
export interface NoticeActions {
  show(): void;
  use(identifier: string): void;
  keep(instance: Instance): void;
  /** Start the engine, if that may be done. */
  startEngine: (() => void) | null;
}

interface Deps {
  desk: Desk;
  preferences: Preferences;
  strings: Strings;
  /** Whether somebody sees the panel, so that nothing need be told. */
  isSeen(): boolean;
  /** The name of the notebook that somebody sees, as it is known to the host. */
  inSight(): string | null;
  /** The kernels of what is open on this page. */
  openKernels(): ReadonlySet<string>;
  actions(): NoticeActions;
}

/** Tell what happens while nobody looks at the panel, as loudly as the user likes it. */
export function tellNotices({ desk, preferences, strings, isSeen, ...deps }: Deps): void {
  let before: Activity | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const warned = new Set<string>();
  const underWay = new Set<string>();
  /** What was there at first, and what was told since. */
  let told = new Set<string>();

  function tell(kind: Kind, message: string, ...actions: Action[]): void {
    const loudness: Loudness = preferences.now.notices[kind] ?? "quiet";
    if (loudness === "off") return;
    Notification.emit(message, kind === "loaded" ? "info" : "warning", {
      // Zero keeps it in the list of notifications and out of sight.
      autoClose: loudness === "quiet" ? 0 : 8000,
      actions: actions.map(([label, callback]) => ({ label, callback })),
    });
  }

  function see({ activity }: State): void {
    const last = before?.epoch === activity?.epoch ? before : null;
    before = activity;
    if (activity === null) return;
    if (last !== null) compare(last, activity);
    else told = new Set(activity.instances.map((instance) => instance.instance_reference));
    warn();
  }

  function compare(last: Activity, activity: Activity): void {
    if (last.host.link === "connected" && activity.host.link === "lost") {
      const { show, startEngine } = deps.actions();
      const start: Action[] = startEngine ? [[strings.startEngine, startEngine]] : [];
      tell("lost", strings.lost(activity.host.name), ...start, [strings.show, show]);
    }
    // A load is over a moment before its instance is there.
    for (const load of [...last.loads, ...activity.loads]) underWay.add(load.model_key);
    arrivals(told, activity).forEach(greet);
  }

  /** Tell of an instance that was loaded on this page, or was seen being loaded. */
  function greet(instance: Instance): void {
    const { identifier, model_key, instance_reference, mine, owner } = instance;
    // A quick load begins and ends between two slices; whose it was is known a moment later.
    if (!underWay.delete(model_key) && !mine) return;
    told.add(instance_reference);
    // Whoever runs a cell that loads something looks at its output.
    if (isSeen() || (owner !== null && owner === deps.inSight())) return;
    const { show, use } = deps.actions();
    const actions: Action[] = [
      [strings.use, () => use(identifier)],
      [strings.show, show],
    ];
    tell("loaded", strings.loaded(called(instance)), ...actions);
  }

  /** Warn of what leaves soon, and come back when the next one does. */
  function warn(): void {
    clearTimeout(timer);
    const { activity } = desk.store.get();
    if (activity?.host.link !== "connected") return;
    const soon_s = preferences.now.noticeSeconds;
    let next = Number.POSITIVE_INFINITY;
    for (const { instance, left_s } of leaving(activity, desk.store.now(), soon_s)) {
      if (left_s > soon_s) next = Math.min(next, left_s - soon_s);
      else void warnOf(instance, left_s, activity.host.features.includes("ttl"));
    }
    if (next < Number.POSITIVE_INFINITY) timer = setTimeout(warn, next * 1000);
  }

  /** Once for each time that it begins to count, if something that is open here uses it. */
  async function warnOf(instance: Instance, left_s: number, canKeep: boolean): Promise<void> {
    const name = `${instance.instance_reference} ${instance.idle_since}`;
    if (warned.has(name)) return;
    warned.add(name);
    const kernels = deps.openKernels();
    if (kernels.size === 0) return;
    // Only now: who uses what is nobody's business until something is about to leave.
    const claims = await desk.server.claims(desk.host).catch(() => []);
    if (!isUsedBy(instance, claims, kernels)) return;
    const { keep, show } = deps.actions();
    const kept: Action[] = canKeep ? [[strings.keep, () => keep(instance)]] : [];
    const message = strings.expiring(called(instance), clock(left_s));
    tell("expiring", message, ...kept, [strings.show, show]);
  }

  desk.watch(see);
  preferences.watch(warn);
}
