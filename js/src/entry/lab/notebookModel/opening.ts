import { Notification } from "@jupyterlab/apputils";
import type { NotebookPanel } from "@jupyterlab/notebook";
import type { ModelHub } from "../hub";
import { chosenIn, isPython } from "./choice";

/** Load the model of a notebook that was opened, once it is known what its host has. */
export function loadOf(panel: NotebookPanel, { connection, oneClick, strings }: ModelHub): void {
  const { context } = panel;
  const name = chosenIn(context.model);
  if (name === "" || !isPython(context.model)) return;
  let begun = false;
  const leave = connection.watch(({ activity, catalog }) => {
    if (begun || activity?.host.link !== "connected" || catalog === null) return;
    // It may be called again before it can leave.
    begun = true;
    queueMicrotask(() => leave());
    if (activity.instances.some(({ identifier }) => identifier === name)) return;
    // A notebook comes from anywhere: only what is called so to the letter is loaded.
    if (catalog.models.some(({ model_key }) => model_key === name)) {
      const request = { model_key: name, identifier: null, ...oneClick() };
      void connection.store.send({ kind: "load", mode: "use", join: true, ...request });
    } else Notification.warning(strings.notOnHost(name), { autoClose: 5000 });
  });
  panel.disposed.connect(() => leave());
}
