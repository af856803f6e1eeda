import { commTransport, type WidgetModel } from "../transport/comm";
import { mount } from "../ui/mount";

interface View {
  model: WidgetModel;
  el: HTMLElement;
  /** Aborts when the view goes away; older hosts call what `render` returned instead. */
  signal?: AbortSignal;
}

function render({ model, el, signal }: View): () => void {
  const leave = mount(el, commTransport(model));
  signal?.addEventListener("abort", leave);
  return leave;
}

export default { render };
