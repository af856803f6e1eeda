import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IToolbarWidgetRegistry, Notification } from "@jupyterlab/apputils";
import { INotebookTracker, NotebookActions, type NotebookPanel } from "@jupyterlab/notebook";
import { IModelHub, type ModelHub } from "../hub";
import { chosenIn, isPython } from "./choice";
import { ModelPicker } from "./picker";
import { tell } from "./tell";

/** Load the model of a notebook that was opened, once it is known what its host has. */
function loadOf(panel: NotebookPanel, { connection, oneClick, strings }: ModelHub): void {
  const { context } = panel;
  const name = chosenIn(context.model);
  if (name === "" || !isPython(context.model)) return;
  const leave = connection.watch(({ activity, catalog }) => {
    if (activity?.host.link !== "connected" || catalog === null) return;
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

function activate(
  _app: JupyterFrontEnd,
  hub: ModelHub,
  notebooks: INotebookTracker | null,
  toolbars: IToolbarWidgetRegistry | null,
): void {
  toolbars?.addFactory<NotebookPanel>(
    "Notebook",
    "lms-model",
    (panel) => new ModelPicker(panel, hub),
  );
  NotebookActions.executionScheduled.connect((_, { notebook }) => {
    const panel = notebooks?.find(({ content }) => content === notebook);
    const kernel = panel?.sessionContext.session?.kernel;
    if (kernel && panel) tell(kernel, panel.context.model);
  });
  notebooks?.widgetAdded.connect((_, panel) => {
    void panel.context.ready.then(() => {
      if (hub.preferences.now.loadOnOpening) loadOf(panel, hub);
    });
  });
}

export const notebookModel: JupyterFrontEndPlugin<void> = {
  id: "lms-jupyter:notebook-model",
  description: "Chooses in a notebook's toolbar which model the notebook uses.",
  autoStart: true,
  requires: [IModelHub],
  optional: [INotebookTracker, IToolbarWidgetRegistry],
  activate,
};
