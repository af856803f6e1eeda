import { commTransport, type WidgetModel } from "../../transport/comm";
import { besideKernel } from "../../transport/offer";
import type { Selection } from "../../ui/controls/place";
import { mount } from "../../ui/panel/mount";

/** What the sidebar needs of it. */
export { mount };

/** The second part of the panel in a notebook: the panel itself, on a widget's model. */
export function live(
  model: WidgetModel,
  element: HTMLElement,
  details: () => Promise<object>,
): () => void {
  const transport = besideKernel(commTransport(model), model.get("station"));
  return mount(element, transport, { selection: selectionOf(model), details });
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
