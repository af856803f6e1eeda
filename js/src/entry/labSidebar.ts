import type { Message } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import type { Visibility } from "../transport/attend";
import { lookedAt } from "../transport/jupyter";
import { mount } from "../ui/mount";
import type { Desk } from "./labDesk";
import { icon } from "./labIcon";

/** The frame of the panel in a side area of JupyterLab. */
export class Sidebar extends Widget {
  readonly #desk: Desk;
  readonly #seen: Seen;
  #leave: (() => void) | null = null;

  constructor(desk: Desk) {
    super();
    this.id = "lms-sidebar";
    this.addClass("lms-Sidebar");
    this.title.icon = icon;
    this.title.caption = "Models in memory";
    this.node.tabIndex = -1;
    this.#desk = desk;
    this.#seen = new Seen(() => this.isVisible);
    desk.onHost(() => {
      if (this.#leave !== null) this.#mount();
    });
  }

  override dispose(): void {
    this.#leave?.();
    this.#seen.dispose();
    super.dispose();
  }

  /** Draw the panel when it is first seen: a page that never shows it pays nothing. */
  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    if (this.#leave === null) this.#mount();
    this.#seen.update();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) this.onAfterShow(message);
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.#seen.update();
  }

  protected override onActivateRequest(): void {
    this.node.focus();
  }

  #mount(): void {
    this.#leave?.();
    this.#leave = mount(this.node, lookedAt(this.#desk.line, this.#seen));
  }
}

/** Whether a widget can be seen: it is shown, and so is the page. */
class Seen extends EventTarget implements Visibility {
  readonly #shown: () => boolean;
  #was: DocumentVisibilityState = "hidden";
  readonly update = () => {
    const now = this.visibilityState;
    if (now === this.#was) return;
    this.#was = now;
    this.dispatchEvent(new Event("visibilitychange"));
  };

  constructor(shown: () => boolean) {
    super();
    this.#shown = shown;
    document.addEventListener("visibilitychange", this.update);
  }

  get visibilityState(): DocumentVisibilityState {
    return this.#shown() && document.visibilityState === "visible" ? "visible" : "hidden";
  }

  dispose(): void {
    document.removeEventListener("visibilitychange", this.update);
  }
}
