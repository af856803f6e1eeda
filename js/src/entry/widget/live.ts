import { commTransport } from "../../transport/comm";
import { besideKernel } from "../../transport/offer";
import type { WidgetModel } from "../../transport/widgetModel";
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

/** The traits `selected` and `selected_device` of the Python widget. */
function selectionOf(model: WidgetModel): Selection {
  const names = ["selected", "selected_device"];
  const text = (name: string) => (model.get(name) as string | null | undefined) ?? null;
  return {
    get: () => [text("selected"), text("selected_device")],
    set(identifier, device) {
      if (text("selected") === identifier && text("selected_device") === device) return;
      model.set("selected", identifier);
      model.set("selected_device", device);
      model.save_changes();
    },
    watch(listener) {
      for (const name of names) model.on(`change:${name}`, listener);
      return () => {
        for (const name of names) model.off(`change:${name}`, listener);
      };
    },
  };
}
