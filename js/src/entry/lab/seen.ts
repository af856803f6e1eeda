import type { Visibility } from "../../transport/attend";

/** Whether a part of the page can be seen: it is shown, and so is the page. */
export class Seen extends EventTarget implements Visibility {
  readonly #shown: () => boolean;
  #was: DocumentVisibilityState = "hidden";

  constructor(shown: () => boolean) {
    super();
    this.#shown = shown;
    document.addEventListener("visibilitychange", this.update);
  }

  get visibilityState(): DocumentVisibilityState {
    return this.#shown() && document.visibilityState === "visible" ? "visible" : "hidden";
  }

  /** Look again, and tell if it is different. */
  readonly update = (): void => {
    const now = this.visibilityState;
    if (now === this.#was) return;
    this.#was = now;
    this.dispatchEvent(new Event("visibilitychange"));
  };

  dispose(): void {
    document.removeEventListener("visibilitychange", this.update);
  }
}
