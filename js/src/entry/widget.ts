import { commTransport, type WidgetModel } from "../transport/comm";
import { mount } from "../ui/mount";
import type { Selection } from "../ui/place";

/** What anywidget hands over when a view is to be drawn. */
export interface View {
  model: WidgetModel;
  el: HTMLElement;
  /** Aborts when the view goes away; older hosts call what `render` returned instead. */
  signal?: AbortSignal;
}

function render({ model, el, signal }: View): () => void {
  const leave = mount(el, commTransport(model), { selection: selectionOf(model) });
  signal?.addEventListener("abort", leave);
  return leave;
}

/** The trait `selected` of the Python widget. */
function selectionOf(model: WidgetModel): Selection {
  return {
    get: () => (model.get("selected") as string | null | undefined) ?? null,
    set(identifier) {
      if (model.get("selected") === identifier) return;
      model.set("selected", identifier);
      model.save_changes();
    },
    watch(listener) {
      model.on("change:selected", listener);
      return () => model.off("change:selected", listener);
    },
  };
}

export default { render };
