import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IStatusBar } from "@jupyterlab/statusbar";
import type { Message } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { bytesOf, nextToLeave } from "../../store/select";
import type { State } from "../../store/store";
import { type Amounts, amountsFor, clock } from "../../ui/text/format";
import type { Connection } from "./connection";
import { IModelHub, type ModelHub } from "./hub";
import type { Strings } from "./strings";

/** "2 models · 5.1 GB · next unload in 3:12"; nothing where nothing is known. */
export function statusText(state: State, now: number, amounts: Amounts, strings: Strings): string {
  const { activity } = state;
  if (activity === null || activity.host.link === "connecting") return "";
  if (state.link === "absent" || activity.host.link === "lost") return strings.noHost;
  const { instances, loads } = activity;
  const parts = [strings.models(instances.length)];
  if (instances.length > 0) {
    parts.push(amounts.bytes(instances.reduce((sum, instance) => sum + bytesOf(instance), 0)));
  }
  const left = nextToLeave(instances, now);
  const [load] = loads;
  if (load) parts.push(strings.loading(amounts.percent(load.fraction)));
  else if (left !== null) parts.push(strings.nextUnload(clock(left)));
  return parts.join(" · ");
}

/** What is in memory, in the status bar. A click opens the sidebar. */
export class StatusLine extends Widget {
  readonly #connection: Connection;
  readonly #strings: Strings;
  readonly #button: HTMLButtonElement;
  readonly #unwatch: () => void;
  #amounts: Amounts;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  constructor(connection: Connection, amounts: Amounts, strings: Strings, onClick: () => void) {
    super();
    this.#connection = connection;
    this.#amounts = amounts;
    this.#strings = strings;
    this.addClass("lms-StatusLine");
    this.#button = document.createElement("button");
    this.#button.type = "button";
    this.#button.title = strings.open;
    this.#button.addEventListener("click", onClick);
    this.node.append(this.#button);
    this.#unwatch = connection.watch(() => this.#draw());
    document.addEventListener("visibilitychange", this.#draw);
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.#draw();
  }

  override dispose(): void {
    this.#unwatch();
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.#draw);
    super.dispose();
  }

  set amounts(amounts: Amounts) {
    this.#amounts = amounts;
    this.#draw();
  }

  readonly #draw = (): void => {
    clearTimeout(this.#timer);
    const state = this.#connection.store.get();
    const now = this.#connection.store.now();
    const text = statusText(state, now, this.#amounts, this.#strings);
    this.#button.textContent = text;
    this.#button.hidden = text === "";
    const left = nextToLeave(state.activity?.instances ?? [], now);
    if (left === null || document.visibilityState !== "visible" || !this.isAttached) return;
    if (left > 0) this.#timer = setTimeout(this.#draw, 1000 - (performance.now() % 1000));
    else this.#askOnce(state.activity?.revision ?? 0);
  };

  /** Somebody should have left by now; where nobody looks, nobody has told us. */
  #askOnce(revision: number): void {
    if (this.#asked === revision) return;
    this.#asked = revision;
    this.#timer = setTimeout(() => void this.#connection.store.send({ kind: "refresh" }), 1500);
  }
}

function activate(
  _app: JupyterFrontEnd,
  { connection, preferences, show, strings }: ModelHub,
  statusBar: IStatusBar | null,
): void {
  if (statusBar === null) return;
  const amounts = () => amountsFor(document.documentElement.lang || "en", preferences.now.units);
  const item = new StatusLine(connection, amounts(), strings, show);
  let registered: { dispose(): void } | null = null;
  preferences.watch((settings) => {
    if (settings.status) {
      registered ??= statusBar.registerStatusItem("lms-jupyter:status", {
        item,
        align: "left",
        rank: 90,
      });
    } else {
      registered?.dispose();
      registered = null;
    }
    item.amounts = amounts();
  });
}

export const status: JupyterFrontEndPlugin<void> = {
  id: "lms-jupyter:status",
  description: "Says in the status bar what is in memory, and what leaves next.",
  autoStart: true,
  requires: [IModelHub],
  optional: [IStatusBar],
  activate,
};
