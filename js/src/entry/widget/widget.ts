import type { Activity, Catalog, Slice } from "../../protocol/protocol";
import type { WidgetModel } from "../../transport/widgetModel";
import { clearGlance, drawGlance } from "../../ui/snapshot/mountGlance";
import type * as Live from "./live";
import { laterParts, type Run } from "./parts";

export { runPart } from "./parts";

/** What anywidget hands over with a new model. */
export interface Start {
  model: WidgetModel;
}

/** What anywidget hands over when a view is to be drawn. */
export interface View extends Start {
  el: HTMLElement;
  /** Aborts when the view goes away; older hosts call what `render` returned instead. */
  signal?: AbortSignal;
}

/** The panel as anywidget wants it: a still picture, and the panel in its place once it is here. */
export function widget(run: Run) {
  const parts = laterParts(run);
  const known = new WeakSet<WidgetModel>();

  function listen(model: WidgetModel): void {
    if (known.has(model)) return;
    known.add(model);
    parts.listen(model);
  }

  return {
    // Before the first view: what the kernel sends of its own accord comes right after the model.
    initialize: ({ model }: Start): void => listen(model),

    render({ model, el, signal }: View): () => void {
      listen(model);
      let asked = false;
      let leave = () => {
        model.off("change:activity", look);
        clearGlance(el);
      };
      let left = false;
      const ask = () => {
        if (asked) return;
        asked = true;
        parts.fetch<typeof Live>(model, "live").then(
          ({ live }) => {
            if (left) return;
            leave();
            leave = live(model, el, () => parts.fetch(model, "details"));
          },
          () => {
            // Whoever speaks up later can be asked again.
            asked = false;
          },
        );
      };
      const look = () => {
        drawGlance(el, slice<Activity>(model, "activity"), slice<Catalog>(model, "catalog"));
        ask();
      };
      model.on("change:activity", look);
      look();
      const end = () => {
        left = true;
        leave();
      };
      signal?.addEventListener("abort", end);
      return end;
    },
  };
}

/** Before the manager has spoken, a trait is an empty dict. */
function slice<Kept extends Slice>(model: WidgetModel, kind: Kept["kind"]): Kept | null {
  const slice = model.get(kind) as Kept | null;
  return slice?.kind === kind ? slice : null;
}
