import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { Notification } from "@jupyterlab/apputils";
import type { Activity, Instance } from "../../protocol/protocol";
import { called, exactly } from "../../store/named";
import type { State } from "../../store/store";
import { clock } from "../../ui/text/format";
import { IModelHub, type ModelHub } from "./hub";
import { arrivals, isUsedBy, leaving } from "./news";
import type { Loudness, Settings } from "./settings";

type Kind = keyof Settings["notices"];
type Action = [label: string, callback: () => void];

/** Tells what happens while nobody looks at the panel, as loudly as the user likes it. */
class Notices {
  readonly #hub: ModelHub;
  readonly #warned = new Set<string>();
  readonly #underWay = new Set<string>();
  /** What was there at first, and what was told since. */
  #known = new Set<string>();
  #before: Activity | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(hub: ModelHub) {
    this.#hub = hub;
    hub.connection.watch((state) => this.#see(state));
    hub.preferences.watch(() => this.#warn());
  }

  #tell(kind: Kind, message: string, ...actions: Action[]): void {
    const { panels, preferences, show, strings } = this.#hub;
    const loudness: Loudness = preferences.now.notices[kind] ?? "quiet";
    if (loudness === "off") return;
    if (panels.size > 0) actions.push([strings.show, show]);
    Notification.emit(message, kind === "loaded" ? "info" : "warning", {
      // Zero keeps it in the list of notifications and out of sight.
      autoClose: loudness === "quiet" ? 0 : 8000,
      actions: actions.map(([label, callback]) => ({ label, callback })),
    });
  }

  #see({ activity }: State): void {
    const last = this.#before?.epoch === activity?.epoch ? this.#before : null;
    this.#before = activity;
    if (activity === null) return;
    if (last !== null) this.#compare(last, activity);
    else this.#known = new Set(activity.instances.map((instance) => instance.instance_reference));
    this.#warn();
  }

  #compare(last: Activity, activity: Activity): void {
    const { mayStart, startEngine, strings } = this.#hub;
    if (last.host.link === "connected" && activity.host.link === "lost") {
      const start: Action[] = mayStart() ? [[strings.startEngine, () => void startEngine()]] : [];
      this.#tell("lost", strings.lost(activity.host.name), ...start);
    }
    // A load is over a moment before its instance is there.
    for (const load of [...last.loads, ...activity.loads]) this.#underWay.add(load.model_key);
    for (const instance of arrivals(this.#known, activity)) this.#greet(instance);
  }

  /** Tell of an instance that was loaded on this page, or was seen being loaded. */
  #greet(instance: Instance): void {
    const { insert, panels, strings, writing } = this.#hub;
    const { identifier, model_key, instance_reference, mine, owner } = instance;
    // A quick load begins and ends between two slices; whose it was is known a moment later.
    if (!this.#underWay.delete(model_key) && !mine) return;
    this.#known.add(instance_reference);
    if ([...panels].some((panel) => panel.isSeen())) return;
    // Whoever runs a cell that loads something looks at its output.
    if (owner !== null && owner === writing.inSight()) return;
    const use = () => void insert({ kind: "instance", name: identifier });
    this.#tell("loaded", strings.loaded(called(instance)), [strings.use, use]);
  }

  /** Warn of what leaves soon, and come back when the next one does. */
  #warn(): void {
    const { connection, preferences } = this.#hub;
    clearTimeout(this.#timer);
    const { activity } = connection.store.get();
    if (activity?.host.link !== "connected") return;
    const soon_s = preferences.now.noticeSeconds;
    let next = Number.POSITIVE_INFINITY;
    for (const { instance, left_s } of leaving(activity, connection.store.now(), soon_s)) {
      if (left_s > soon_s) next = Math.min(next, left_s - soon_s);
      else void this.#warnOf(instance, left_s, activity.host.features.includes("ttl"));
    }
    if (next < Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(() => this.#warn(), next * 1000);
    }
  }

  /** Once for each time that it begins to count, if something that is open here uses it. */
  async #warnOf(instance: Instance, left_s: number, canKeep: boolean): Promise<void> {
    const { connection, strings, writing } = this.#hub;
    const name = `${instance.instance_reference} ${instance.idle_since}`;
    if (this.#warned.has(name)) return;
    this.#warned.add(name);
    const kernels = writing.openKernels();
    if (kernels.size === 0) return;
    // Only now: who uses what is nobody's business until something is about to leave.
    const claims = await connection.server.claims(connection.host).catch(() => []);
    if (!isUsedBy(instance, claims, kernels)) return;
    const { ttl_s } = instance;
    const keep = () => void connection.store.send({ kind: "set_ttl", ...exactly(instance), ttl_s });
    const kept: Action[] = canKeep ? [[strings.keep, keep]] : [];
    this.#tell("expiring", strings.expiring(called(instance), clock(left_s)), ...kept);
  }
}

export const notices: JupyterFrontEndPlugin<void> = {
  id: "lms-jupyter:notices",
  description: "Tells what happens to models while nobody looks at the sidebar.",
  autoStart: true,
  requires: [IModelHub],
  activate: (_app: JupyterFrontEnd, hub: ModelHub) => void new Notices(hub),
};
