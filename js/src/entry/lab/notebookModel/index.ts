import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IToolbarWidgetRegistry } from "@jupyterlab/apputils";
import { INotebookTracker, NotebookActions, type NotebookPanel } from "@jupyterlab/notebook";
import { IModelHub, type ModelHub } from "../hub";
import { loadOf } from "./opening";
import { ModelPicker } from "./picker";
import { tell } from "./tell";

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
