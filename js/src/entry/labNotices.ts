import { Notification } from "@jupyterlab/apputils";
import type { Activity, Instance } from "../protocol/protocol";
import { countdown } from "../store/select";
import type { State } from "../store/store";
import { clock } from "../ui/format";
import type { Desk } from "./labDesk";
import type { Loudness, Preferences, Settings } from "./labSettings";
import type { Strings } from "./labStrings";

/** When an instance is said to be about to leave. */
const SOON_S = 60;

type Kind = keyof Settings["notices"];

/** What can be done about a notice. */
export interface NoticeActions {
  show(): void;
  use(identifier: string): void;
  keep(instance: Instance): void;
}

interface Deps {
  desk: Desk;
  preferences: Preferences;
  strings: Strings;
  /** Whether somebody sees the panel, so that nothing need be told. */
  isSeen(): boolean;
  openNotebooks(): ReadonlySet<string>;
  actions: NoticeActions;
}

/** Tell what happens while nobody looks at the panel, as loudly as the user likes it. */
export function tellNotices({ desk, preferences, strings, isSeen, ...deps }: Deps): void {
  let before: Activity | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const warned = new Set<string>();
  const underWay = new Set<string>();

  function tell(kind: Kind, message: string, action: string, callback: () => void): void {
    const loudness: Loudness = preferences.now.notices[kind] ?? "quiet";
    if (loudness === "off") return;
    Notification.emit(message, kind === "loaded" ? "info" : "warning", {
      // Zero keeps it in the list of notifications and out of sight.
      autoClose: loudness === "quiet" ? 0 : 8000,
      actions: [{ label: action, callback }],
    });
  }

  function see({ activity }: State): void {
    const last = before?.epoch === activity?.epoch ? before : null;
    before = activity;
    if (activity === null) return;
    if (last !== null) compare(last, activity);
    warn();
  }

  function compare(last: Activity, activity: Activity): void {
    if (last.host.link === "connected" && activity.host.link === "lost") {
      tell("lost", strings.lost(activity.host.name), strings.show, deps.actions.show);
    }
    // A load is over a moment before its instance is there.
    for (const load of [...last.loads, ...activity.loads]) underWay.add(load.model_key);
    for (const { identifier, model_key } of arrivals(last, activity)) {
      if (!underWay.delete(model_key) || isSeen()) continue;
      const use = () => deps.actions.use(identifier);
      tell("loaded", strings.loaded(identifier), strings.use, use);
    }
  }

  /** Warn of what leaves soon, and come back when the next one does. */
  function warn(): void {
    clearTimeout(timer);
    const { activity } = desk.store.get();
    if (activity?.host.link !== "connected") return;
    let next = Number.POSITIVE_INFINITY;
    for (const { instance, left_s } of leaving(activity, desk.store.now(), deps.openNotebooks())) {
      if (left_s > SOON_S) next = Math.min(next, left_s - SOON_S);
      else warnOf(instance, left_s);
    }
    if (next < Number.POSITIVE_INFINITY) timer = setTimeout(warn, next * 1000);
  }

  /** Once for each time that it begins to count. */
  function warnOf(instance: Instance, left_s: number): void {
    const name = `${instance.instance_reference} ${instance.idle_since}`;
    if (warned.has(name)) return;
    warned.add(name);
    const message = strings.expiring(instance.identifier, clock(left_s));
    tell("expiring", message, strings.keep, () => deps.actions.keep(instance));
  }

  desk.watch(see);
}

/** What counts down and is used by one of these notebooks. */
export function leaving(
  { instances }: Activity,
  now: number,
  notebooks: ReadonlySet<string>,
): { instance: Instance; left_s: number }[] {
  return instances.flatMap((instance) => {
    const left = countdown(instance, now);
    // An instance that lives for a minute or so is always about to leave: that is no news.
    const isShort = (instance.ttl_s ?? 0) < 2 * SOON_S;
    return left.kind === "counting" && !isShort && notebooks.has(instance.owner ?? "")
      ? [{ instance, left_s: left.left_s }]
      : [];
  });
}

/** The instances that were not there before. */
export function arrivals(before: Activity, after: Activity): Instance[] {
  const known = new Set(before.instances.map((instance) => instance.instance_reference));
  return after.instances.filter((instance) => !known.has(instance.instance_reference));
}
